"""Own valid sets of both editions, made of nothing but what the standard says; and ways to spoil them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

HEADS_V12 = {
    "academicSessions": "title,type,startDate,endDate,parentSourcedId,schoolYear",
    "categories": "title,weight",
    "classes": "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
    "courses": "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "demographics": "birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,"
    "demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,"
    "publicSchoolResidenceStatus",
    "enrollments": "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "lineItems": "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,academicSessionSourcedId,resultValueMin,"
    "resultValueMax,schoolSourcedId",
    "orgs": "name,type,identifier,parentSourcedId",
    "results": "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,textScore,classSourcedId,inProgress,incomplete,"
    "late,missing",
    "roles": "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    "users": "enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,"
    "userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
    "ext_lessons": "classSourcedId,date,subject,number,part,topic,homework,teacher",
    "ext_attendance": "classSourcedId,studentSourcedId,date,subject,number,code,minutes,comment",
}
HEADS_V11 = {
    **{name: HEADS_V12[name] for name in ("academicSessions", "classes", "courses", "demographics", "enrollments", "orgs")},
    "categories": "title",
    "lineItems": "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,resultValueMin,"
    "resultValueMax",
    "results": "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
    "users": "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
    "agentSourcedIds,grades,password",
}  # fmt: skip
ALL_V12 = [
    "academicSessions",
    "categories",
    "classResources",
    "classes",
    "courseResources",
    "courses",
    "demographics",
    "enrollments",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "lineItems",
    "orgs",
    "resources",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "results",
    "roles",
    "scoreScales",
    "userProfiles",
    "userResources",
    "users",
]
ALL_V11 = [
    "academicSessions",
    "categories",
    "classResources",
    "classes",
    "courseResources",
    "courses",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "resources",
    "results",
    "users",
]
_ROWS = {
    "academicSessions": ["y27,,,2026/27,schoolYear,2026-09-01,2027-09-01,,2027", "q1,,,1 четверть,gradingPeriod,2026-09-01,2026-10-30,y27,2027"],
    "categories": ["w1,,,Контрольная работа,2.00"],
    "classes": ['c5a,,,5А,05,m5,,homeroom,,s1,"y27,q1",,,'],
    "courses": ["m5,,,y27,Математика 5,,05,s1,Математика,MATH"],
    "demographics": ["u1,,,2015-03-04,female,,,,,,,,,,,"],
    "enrollments": ["e1,,,c5a,s1,u1,student,true,2026-09-01,"],
    "lineItems": ["l1,,,Дроби,,2026-09-10,2026-09-11,c5a,w1,q1,1,5,s1"],
    "orgs": ['s1,,,"МАОУ ""СОШ № 1"", г. Пермь",school,1025900000001,'],
    "results": ["r1,,,l1,u1,fully graded,4,2026-09-11,молодец,,c5a,,,,"],
    "roles": ["o1,,,u1,primary,student,2026-09-01,,s1,"],
    "users": ["u1,,,true,u1,,Анна,Иванова,Петровна,,,,,,05,,,,,,s1,"],
    "ext_lessons": ["t1,,,c5a,2026-09-10,Математика,2,,Дроби,№ 12,Сидорова М. И."],
    "ext_attendance": ["a1,,,c5a,u1,2026-09-11,Математика,2,н,,"],
}  # fmt: skip
_ROWS_V11 = {
    **_ROWS,
    "categories": ["w1,,,Контрольная работа"],
    "lineItems": ["l1,,,Дроби,,2026-09-10,2026-09-11,c5a,w1,q1,1,5"],
    "results": ["r1,,,l1,u1,fully graded,4,2026-09-11,молодец"],
    "users": ["u1,,,true,s1,student,u1,,Анна,Иванова,Петровна,,,,,,05,"],
}


def text_of(
    name: str, heads: Mapping[str, str], rows: Mapping[str, list[str]], *, delta: bool = False
) -> str:
    lines = rows[name]
    if delta:
        lines = [one.replace(",,,", ",active,2026-09-12T10:00:00Z,", 1) for one in lines]
    return "\r\n".join([f"sourcedId,status,dateLastModified,{heads[name]}", *lines, ""])


def files_of(edition: str = "1.2", *, delta: bool = False) -> dict[str, str]:
    """The texts of a valid set by file name."""
    heads, rows, every = (HEADS_V12, _ROWS, ALL_V12) if edition == "1.2" else (HEADS_V11, _ROWS_V11, ALL_V11)
    mode = "delta" if delta else "bulk"
    said = [f"file.{name},{mode if name in heads else 'absent'}" for name in every]
    manifest = [
        "propertyName,value", "manifest.version,1.0", f"oneroster.version,{edition}", *said, "source.systemName,Журнал",
        "source.systemCode,journal", "",
    ]  # fmt: skip
    return {
        "manifest.csv": "\r\n".join(manifest),
        **{f"{name}.csv": text_of(name, heads, rows, delta=delta) for name in heads},
    }


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
