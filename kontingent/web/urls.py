"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from kontingent.web import (
    codelists,
    contingent,
    groups,
    home,
    imports,
    learners,
    orders,
    organisations,
    sign_in,
)

app_name = "web"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("learners/", learners.search, name="search"),
    path("learners/add/", learners.add, name="add-learner"),
    path("learners/school/", learners.school, name="school-list"),
    path("learners/<uuid:person_id>/", learners.card, name="card"),
    path("learners/<uuid:person_id>/edit/", learners.edit, name="edit-learner"),
    path("learners/<uuid:person_id>/document/", learners.add_document, name="add-document"),
    path("learners/<uuid:person_id>/representative/", learners.add_representative, name="add-representative"),
    path("learners/<uuid:person_id>/address/", learners.set_address, name="set-address"),
    path("groups/", groups.index, name="groups"),
    path("groups/add/", groups.add, name="add-group"),
    path("groups/<uuid:group_id>/", groups.one, name="group"),
    path("orders/", orders.index, name="orders"),
    path("orders/new/", orders.new, name="new-order"),
    path("orders/turnover/", orders.turnover, name="turnover"),
    path("orders/<uuid:order_id>/", orders.one, name="order"),
    path("orders/<uuid:order_id>/act/", orders.act, name="act-order"),
    path("imports/", imports.index, name="imports"),
    path("imports/<uuid:batch_id>/", imports.one, name="batch"),
    path("imports/<uuid:batch_id>/act/", imports.act, name="act-batch"),
    path("imports/<uuid:batch_id>/columns/", imports.columns, name="columns"),
    path("imports/<uuid:batch_id>/progress/", imports.progress, name="progress"),
    path("imports/<uuid:batch_id>/refused.xlsx", imports.refused, name="refused-rows"),
    path("contingent/", contingent.table, name="contingent"),
    path("contingent/learners/", contingent.learners, name="contingent-learners"),
    path("organisations/", organisations.register, name="organisations"),
    path("organisations/proposals/", organisations.proposals, name="proposals"),
    path("organisations/proposals/<uuid:proposal_id>/", organisations.decide, name="decide-proposal"),
    path("organisations/<uuid:organisation_id>/", organisations.card, name="organisation"),
    path("organisations/<uuid:organisation_id>/change/", organisations.propose, name="propose"),
    path("codelists/", codelists.index, name="codelists"),
    path("codelists/<slug:code>/", codelists.one, name="codelist"),
]
