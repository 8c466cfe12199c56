import { X } from "lucide-react";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { conditionOf, FILTERS, type Filter, opposite, toggled, type WhichClicks } from "./clicks-search";

interface Properties<Search extends WhichClicks> {
  search: Search;
  onSearch: (search: Search) => void;
  names: Names;
  /** A filter that the page stands for itself. */
  hidden?: Filter | undefined;
}

/** What clicks are filtered by, each to be turned round or taken out. */
export function Chips<Search extends WhichClicks>({ search, onSearch, names, hidden }: Properties<Search>) {
  const chips = FILTERS.filter((filter) => filter !== hidden).flatMap((filter) =>
    (search[filter] ?? []).map((condition) => [filter, condition] as const),
  );
  if (chips.length === 0) return null;
  return (
    <div className="row">
      {chips.map(([filter, condition]) => (
        <Chip
          key={`${filter} ${condition}`}
          filter={filter}
          condition={condition}
          names={names}
          onTurn={() => onSearch(toggled(search, filter, opposite(condition)))}
          onRemove={() => onSearch(toggled(search, filter, condition))}
        />
      ))}
      <Button
        look="plain"
        onClick={() => onSearch({ ...search, ...Object.fromEntries(FILTERS.map((filter) => [filter, undefined])) })}
      >
        {t("common.reset")}
      </Button>
    </div>
  );
}

type Names = (dimension: Filter, value: string | null) => string;

/** What a condition asks for, in words. */
export function readCondition(filter: Filter, condition: string, names: Names) {
  const { excluded, part, value } = conditionOf(condition);
  const how = part ? (excluded ? "containsNot" : "contains") : excluded ? "isNot" : "is";
  return { excluded, how, name: part ? value : names(filter, value) } as const;
}

interface ChipProperties {
  filter: Filter;
  condition: string;
  names: Names;
  onTurn: () => void;
  onRemove: () => void;
}

/** A condition; choosing it turns it into its opposite, so that it needs neither Alt nor a mouse to leave something out. */
function Chip({ filter, condition, names, onTurn, onRemove }: ChipProperties) {
  const { excluded, how, name } = readCondition(filter, condition, names);
  return (
    <span className="chip" data-excluded={excluded || undefined}>
      <button type="button" title={t("analytics.turn")} onClick={onTurn}>
        {t(`dimension.${filter}`)} {t(`analytics.${how}`)} <b>{name}</b>
      </button>
      <button type="button" aria-label={t("common.remove", { what: name })} onClick={onRemove}>
        <X aria-hidden="true" />
      </button>
    </span>
  );
}
