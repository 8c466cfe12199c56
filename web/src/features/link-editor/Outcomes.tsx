import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { t } from "../../i18n";
import "../../i18n/late";
import { isMade, type Outcome } from "./many";

/** How many of each are shown one by one. */
const SHOWN = 100;

/** Which addresses became links, and which did not and why. */
export function Outcomes({ outcomes, onCopy }: { outcomes: Outcome[]; onCopy: () => void }) {
  const made = outcomes.filter(isMade);
  const refused = outcomes.flatMap((outcome) => (isMade(outcome) ? [] : [outcome]));
  return (
    <>
      {refused.length > 0 && (
        <section className="note stack-s section" data-look="bad" role="alert">
          <h2>{t("many.refused", { count: refused.length })}</h2>
          <p className="small">{t("many.mend")}</p>
          <ul className="stack-s small">
            {refused.slice(0, SHOWN).map(({ address, reason }, index) => (
              <li key={`${index} ${address}`} className="anywhere">
                <span className="mono">{address}</span> {reason}
              </li>
            ))}
          </ul>
          <More of={refused} />
        </section>
      )}
      {made.length > 0 && (
        <section className="sheet pad stack-s section" aria-label={t("many.links")}>
          <div className="row apart">
            <h2>{t("many.links")}</h2>
            <Button onClick={onCopy}>{t("many.copyAll")}</Button>
          </div>
          <ul className="stack-s">
            {made.slice(0, SHOWN).map(({ address, link }) => (
              <li key={link.id} className="row">
                <strong className="mono">{link.short_url.replace(/^https?:\/\//, "")}</strong>
                <Copy text={link.short_url} label={t("links.copy", { link: link.short_url })} />
                <span className="cut muted grow">{address}</span>
              </li>
            ))}
          </ul>
          <More of={made} />
        </section>
      )}
    </>
  );
}

function More({ of }: { of: Outcome[] }) {
  if (of.length <= SHOWN) return null;
  return <p className="small">{t("links.andMore", { count: of.length - SHOWN })}</p>;
}
