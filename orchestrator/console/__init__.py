"""The console: pages for people, rendered on the server, over the same door as the API and the command line.

Every page can be shown as of any moment (``at``). A page is a file in ``pages`` with its view-model, and a template of
the same name. Nothing is fetched from outside, no script or style stands in a page, and a page looks at no more than a
page's worth of what exists. Imports nothing here, so that the command line starts fast.

Source: issue "See everything", point 5; ecosystem reference, section 2.
"""
