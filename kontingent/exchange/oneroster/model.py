"""The files of OneRoster as data: columns in their order, what is required, vocabularies, editions. Pure.

Reading, checking, writing, JSON and the fields one may filter by all follow from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Edition(StrEnum):
    """A version of the standard, as the manifest names it."""

    V11 = "1.1"
    V12 = "1.2"


class Mode(StrEnum):
    """What the manifest says of a file."""

    ABSENT = "absent"
    BULK = "bulk"
    DELTA = "delta"


class Kind(StrEnum):
    """What a value of a column is."""

    TEXT = "text"
    LIST = "list"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    DAY = "day"
    MOMENT = "moment"
    YEAR = "year"
    CODE = "code"
    REFERENCE = "reference"
    REFERENCES = "references"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``codes`` names its vocabulary, ``to`` the file whose rows it refers to."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    codes: frozenset[str] = frozenset()
    to: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a set; ``drafts`` are other orders of its columns that are taken in but never written."""

    name: str
    columns: tuple[Column, ...]
    drafts: tuple[tuple[str, ...], ...] = ()
    extension: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns as written."""
        return tuple(one.name for one in self.columns)

    def column(self, name: str) -> Column | None:
        """Return a column of this file or one that a draft had."""
        found = next((one for one in self.columns if one.name == name), None)
        return found or _FORMER.get(name)


def _codes(text: str) -> frozenset[str]:
    return frozenset(one.strip() for one in text.split(","))


STATUS = _codes("active,tobedeleted")
SESSION_TYPES = _codes("gradingPeriod,semester,schoolYear,term")
ORG_TYPES = _codes("department,school,district,local,state,national")
CLASS_TYPES = _codes("homeroom,scheduled")
RANKS = _codes("primary,secondary")
ROLES = _codes(
    "aide,counselor,districtAdministrator,guardian,parent,principal,proctor,relative,siteAdministrator,student,"
    "systemAdministrator,teacher"
)
ROLES_V11 = _codes("administrator,aide,guardian,parent,proctor,relative,student,teacher")
ENROLMENT_ROLES = _codes("administrator,proctor,student,teacher")
SEXES = _codes("male,female,unspecified,other")
SEXES_V11 = _codes("male,female")
SCORE_STATUSES = _codes("exempt,fully graded,not submitted,partially graded,submitted")
ATTENDANCE_CODES = _codes("н,б,у,о")
#: A value of somebody's own in any vocabulary of 1.2.
OWN_VALUE = "ext:"

_VOCABULARIES: Mapping[str, frozenset[str]] = {
    "session": SESSION_TYPES, "org": ORG_TYPES, "classType": CLASS_TYPES, "rank": RANKS, "role": ROLES,
    "role11": ROLES_V11, "enrolment": ENROLMENT_ROLES, "sex": SEXES, "sex11": SEXES_V11, "score": SCORE_STATUSES,
    "attendance": ATTENDANCE_CODES,
}  # fmt: skip
_KINDS: Mapping[str, Kind] = {
    "list": Kind.LIST, "number": Kind.NUMBER, "whole": Kind.WHOLE, "flag": Kind.FLAG, "day": Kind.DAY,
    "year": Kind.YEAR, "moment": Kind.MOMENT,
}  # fmt: skip

_BASE = (
    Column("sourcedId", required=True),
    Column("status", Kind.CODE, codes=STATUS),
    Column("dateLastModified", Kind.MOMENT),
)
#: An earlier draft of 1.2 had it in users.
_FORMER = {"resourceSourcedIds": Column("resourceSourcedIds", Kind.REFERENCES, to="resources")}


def _column(text: str) -> Column:
    """``name*:kind``; a kind is a word of ``_KINDS``, a vocabulary, ``>file`` or ``>>file`` for many."""
    name, _, kind = text.strip().partition(":")
    required = name.endswith("*")
    name = name.removesuffix("*")
    if kind.startswith(">>"):
        return Column(name, Kind.REFERENCES, required, to=kind[2:])
    if kind.startswith(">"):
        return Column(name, Kind.REFERENCE, required, to=kind[1:])
    if kind in _VOCABULARIES:
        return Column(name, Kind.CODE, required, codes=_VOCABULARIES[kind])
    return Column(name, _KINDS.get(kind, Kind.TEXT), required)


def _file(name: str, columns: str, *, extension: bool = False) -> File:
    return File(
        name, (*_BASE, *(_column(one) for one in columns.replace("\n", "").split(","))), extension=extension
    )


_USERS_V12 = (
    "enabledUser*:flag,username*,userIds:list,givenName*,familyName*,middleName,identifier,email,sms,phone,"
    "agentSourcedIds:>>users,grades:list,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId:>orgs,pronouns"
)


def _users_v12() -> File:
    now = _file("users", _USERS_V12)
    before_pronouns = now.header[:-1]
    place = before_pronouns.index("userMasterIdentifier") + 1
    draft = (*before_pronouns[:place], "resourceSourcedIds", *before_pronouns[place:])
    return File("users", now.columns, drafts=(before_pronouns, draft, (*draft, "pronouns")))


#: Ours, outside the standard and not in its manifest (ADR 0021): what OneRoster has no place for.
EXTENSIONS = (
    _file(
        "ext_lessons",
        "classSourcedId*:>classes,date*:day,subject*,number:whole,part,topic,homework,teacher",
        extension=True,
    ),
    _file(
        "ext_attendance",
        "classSourcedId*:>classes,studentSourcedId*:>users,date*:day,subject*,number:whole,code*:attendance,minutes:whole,comment",
        extension=True,
    ),
)
_COMMON = (
    _file(
        "academicSessions",
        "title*,type*:session,startDate*:day,endDate*:day,parentSourcedId:>academicSessions,schoolYear*:year",
    ),
    _file(
        "classes",
        "title*,grades:list,courseSourcedId*:>courses,classCode,classType*:classType,location,schoolSourcedId*:>orgs,"
        "termSourcedIds*:>>academicSessions,subjects:list,subjectCodes:list,periods:list",
    ),
    _file("classResources", "title,classSourcedId*:>classes,resourceSourcedId*:>resources"),
    _file("courseResources", "title,courseSourcedId*:>courses,resourceSourcedId*:>resources"),
    _file(
        "courses",
        "schoolYearSourcedId:>academicSessions,title*,courseCode,grades:list,orgSourcedId*:>orgs,subjects:list,"
        "subjectCodes:list",
    ),
    _file(
        "enrollments",
        "classSourcedId*:>classes,schoolSourcedId*:>orgs,userSourcedId*:>users,role*:enrolment,primary:flag,"
        "beginDate:day,endDate:day",
    ),
    _file("orgs", "name*,type*:org,identifier,parentSourcedId:>orgs"),
    _file("resources", "vendorResourceId*,title,roles:list,importance:rank,vendorId,applicationId"),
)
_DEMOGRAPHICS = (
    "birthDate:day,sex:{sex},americanIndianOrAlaskaNative:flag,asian:flag,blackOrAfricanAmerican:flag,"
    "nativeHawaiianOrOtherPacificIslander:flag,white:flag,demographicRaceTwoOrMoreRaces:flag,"
    "hispanicOrLatinoEthnicity:flag,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus"
)
_ONLY_V11 = (
    _file("categories", "title*"),
    _file("demographics", _DEMOGRAPHICS.format(sex="sex11")),
    _file(
        "lineItems",
        "title*,description,assignDate*:day,dueDate*:day,classSourcedId*:>classes,categorySourcedId*:>categories,"
        "gradingPeriodSourcedId*:>academicSessions,resultValueMin*:number,resultValueMax*:number",
    ),
    _file(
        "results",
        "lineItemSourcedId*:>lineItems,studentSourcedId*:>users,scoreStatus*:score,score*:number,scoreDate*:day,comment",
    ),
    _file(
        "users",
        "enabledUser*:flag,orgSourcedIds*:>>orgs,role*:role11,username*,userIds:list,givenName*,familyName*,middleName,"
        "identifier,email,sms,phone,agentSourcedIds:>>users,grades:list,password",
    ),
)
_ONLY_V12 = (
    _file("categories", "title*,weight:number"),
    _file("demographics", _DEMOGRAPHICS.format(sex="sex")),
    _file(
        "lineItems",
        "title*,description,assignDate*:day,dueDate*:day,classSourcedId*:>classes,categorySourcedId*:>categories,"
        "academicSessionSourcedId*:>academicSessions,resultValueMin:number,resultValueMax:number,schoolSourcedId*:>orgs",
    ),
    _file("lineItemLearningObjectiveIds", "lineItemSourcedId*:>lineItems,source*,learningObjectiveId*"),
    _file("lineItemScoreScales", "title,lineItemSourcedId*:>lineItems,scoreScaleSourcedId*:>scoreScales"),
    _file(
        "results",
        "lineItemSourcedId*:>lineItems,studentSourcedId*:>users,scoreStatus*:score,score:number,scoreDate*:day,comment,"
        "textScore,classSourcedId:>classes,inProgress:flag,incomplete:flag,late:flag,missing:flag",
    ),
    _file(
        "resultLearningObjectiveIds",
        "resultSourcedId*:>results,source*,learningObjectiveId*,score:number,textScore",
    ),
    _file("resultScoreScales", "title,resultSourcedId*:>results,scoreScaleSourcedId*:>scoreScales"),
    _file(
        "roles",
        "userSourcedId*:>users,roleType*:rank,role*:role,beginDate:day,endDate:day,orgSourcedId*:>orgs,"
        "userProfileSourcedId:>userProfiles",
    ),
    _file(
        "scoreScales",
        "title*,type*,orgSourcedId*:>orgs,courseSourcedId*:>courses,classSourcedId*:>classes,scoreScaleValue*:list",
    ),
    _file(
        "userProfiles",
        "userSourcedId*:>users,profileType*,vendorId*,applicationId,description,credentialType*,username*,password",
    ),
    _file(
        "userResources",
        "userSourcedId*:>users,orgSourcedId:>orgs,classSourcedId:>classes,resourceSourcedId*:>resources",
    ),
    _users_v12(),
)


def _sorted(*files: File) -> Mapping[str, File]:
    return {one.name: one for one in sorted(files, key=lambda file: file.name)}


FILES: Mapping[Edition, Mapping[str, File]] = {
    Edition.V11: _sorted(*_COMMON, *_ONLY_V11),
    Edition.V12: _sorted(*_COMMON, *_ONLY_V12),
}
#: What a bulk set of rostering cannot do without.
MINIMUM: Mapping[Edition, tuple[str, ...]] = {
    Edition.V11: ("academicSessions", "classes", "courses", "enrollments", "orgs", "users"),
    Edition.V12: ("academicSessions", "classes", "courses", "enrollments", "orgs", "roles", "users"),
}
ROSTERING = frozenset(MINIMUM[Edition.V12]) | {"demographics"}
MANIFEST = "manifest"
MANIFEST_VERSION = "1.0"
#: Pairs of columns that are a period.
PERIODS = (("startDate", "endDate"), ("beginDate", "endDate"), ("assignDate", "dueDate"))


def file_of(edition: Edition, name: str) -> File | None:
    """Return the file of an edition, one of our extensions among them."""
    return FILES[edition].get(name) or next((one for one in EXTENSIONS if one.name == name), None)
