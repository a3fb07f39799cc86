"""Mutation testing of the core: does a unit test fail when a line of a module is changed?"""
