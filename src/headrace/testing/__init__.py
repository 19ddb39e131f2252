"""Shipped for tests of Headrace and of what is built on it: a fake clock, a scripted launcher, a simulated world."""
