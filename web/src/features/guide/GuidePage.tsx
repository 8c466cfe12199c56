import { Plus } from "lucide-react";
import { useState } from "react";
import { Problem } from "../../api/problem";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { Check, Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import { useTitle } from "../../lib/title";

const TOKENS = [
  "paper",
  "sheet",
  "sunk",
  "ink",
  "ink-2",
  "ink-3",
  "line",
  "line-2",
  "accent",
  "accent-ink",
  "accent-soft",
  "focus",
  "good",
  "warn",
  "warn-soft",
  "bad",
  "bad-soft",
  "series-1",
  "series-2",
  "series-3",
  "heat-0",
  "heat-1",
  "heat-2",
  "heat-3",
  "heat-4",
  "heat-5",
];
const FAILED = new Problem(503, {
  type: "",
  title: "",
  status: 503,
  code: "unavailable",
  detail: t("guide.failure"),
  request_id: "0192f0c1",
});

/** Every token, component and state on one page: what is looked at first when something is changed. */
export default function GuidePage() {
  const [text, setText] = useState("spring-sale");
  const [on, setOn] = useState(true);
  useTitle(t("guide.title"));
  return (
    <main className="main stack">
      <h1>{t("guide.title")}</h1>
      <section className="stack-s" aria-label={t("guide.colours")}>
        <h2>{t("guide.colours")}</h2>
        <ul className="swatches">
          {TOKENS.map((token) => (
            <li key={token}>
              <span className="swatch" style={{ background: `var(--${token})` }} />
              <code className="small">{token}</code>
            </li>
          ))}
        </ul>
      </section>
      <section className="stack-s" aria-label={t("guide.controls")}>
        <h2>{t("guide.controls")}</h2>
        <div className="row">
          <Button look="main" icon={<Plus aria-hidden="true" />} keys="C">
            {t("links.new")}
          </Button>
          <Button>{t("common.cancel")}</Button>
          <Button look="bad">{t("keysPage.revoke")}</Button>
          <Button look="plain">{t("common.reset")}</Button>
          <Button disabled>{t("common.save")}</Button>
          <Copy text={text} />
        </div>
        <div className="two">
          <Field label={t("editor.slug")} value={text} onValue={setText} hint={t("editor.free")} mono />
          <Field label={t("editor.slug")} value={text} onValue={setText} error={t("editor.taken")} mono />
          <Choice label={t("me.theme")} value="light" onValue={() => {}} options={[["light", t("me.light")]]} />
          <Check label={t("me.singleKeys")} checked={on} onChecked={setOn} />
        </div>
      </section>
      <section className="stack-s" aria-label={t("guide.states")}>
        <h2>{t("guide.states")}</h2>
        <div className="row">
          <span className="badge">{t("state.password")}</span>
          <span className="badge" data-look="good">
            {t("domains.active")}
          </span>
          <span className="badge" data-look="warn">
            {t("state.archived")}
          </span>
          <span className="badge" data-look="bad">
            {t("state.disabled")}
          </span>
          <span className="chip">
            {t("dimension.country")} <b>DE</b>
          </span>
        </div>
        <p className="note">{t("guide.note")}</p>
        <p className="note" data-look="warn">
          {t("guide.note")}
        </p>
        <Failure error={FAILED} onRetry={() => {}} />
        <Skeleton />
      </section>
    </main>
  );
}
