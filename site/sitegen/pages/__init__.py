"""Make the site's pages, one module for each kind; every module's `make` adds its own."""
