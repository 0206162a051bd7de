"""The customer room: one page for the people who run the company, made from results alone."""

from .page import Room

__all__ = ["Room"]
