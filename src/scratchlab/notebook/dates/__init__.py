"""Words for days, as people say them."""
