"""An import belongs to the organisation that sent it, and so does every row of it."""

from kontingent.storage.row_security import Rule, not_personal, of_organisation, part_of

_BATCH = of_organisation("staging.Batch", "имя файла, кто загрузил, примеры значений")

RULES: tuple[Rule, ...] = (
    _BATCH,
    not_personal("staging.Progress", "сколько строк прочитано"),
    part_of("staging.Row", "строки списка с людьми", whole=_BATCH, column="batch_id"),
    part_of("staging.CauseDecision", "решения по строкам; причина может назвать значение", whole=_BATCH, column="batch_id"),
    not_personal("staging.RememberedMapping", "заголовки столбцов"),
)  # fmt: skip
