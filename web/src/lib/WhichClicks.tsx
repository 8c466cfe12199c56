import { Link as To } from "@tanstack/react-router";
import { t } from "../i18n";
import "../i18n/late";
import { Chips } from "./Chips";
import { useValueNames } from "./click-names";
import { FILTERS, type WhichClicks as Search, whichOf } from "./clicks-search";
import { useWorkspace } from "./workspace";

interface Properties<Kind extends Search> {
  search: Kind;
  onSearch: (search: Kind) => void;
}

/** Which clicks something is about to be made of. They are chosen where they are looked at. */
export function WhichClicks<Kind extends Search>({ search, onSearch }: Properties<Kind>) {
  const { slug } = useWorkspace();
  const names = useValueNames();
  const isNarrowed = FILTERS.some((filter) => search[filter]);
  return (
    <fieldset className="stack-s">
      <legend className="label">{t("which.title")}</legend>
      {!isNarrowed && !search.bots && <p className="small">{t("which.all")}</p>}
      {search.bots && <p className="small">{t("analytics.withBots")}</p>}
      <Chips search={search} onSearch={onSearch} names={names} />
      <p className="small">
        <To to="/w/$workspace/analytics" params={{ workspace: slug }} search={whichOf(search)}>
          {t("which.choose")}
        </To>
      </p>
    </fieldset>
  );
}
