"""The HTTP edge: KFP's v2beta1 REST API, its 3.0 additions, and Headrace's own routes."""
