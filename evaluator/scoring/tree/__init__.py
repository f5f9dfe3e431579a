"""Score log-likelihoods over a tree of tokens, so that no shared prefix passes through the model twice.

`token_tree` turns requests into a tree, `packs` cuts its tokens into forward passes, `attention` lets each
token see its own ancestors and nothing else, and `likelihoods` reads the answers.
"""
