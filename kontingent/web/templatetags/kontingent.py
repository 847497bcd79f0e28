"""Template tags and filters of the product."""

from django import template

register = template.Library()
