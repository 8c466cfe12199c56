import { Link } from "@tanstack/react-router";
import { Failure } from "../design/Failure";
import { t } from "../i18n";

export function NotThere() {
  return (
    <main className="alone">
      <h1>{t("common.nothingHere")}</h1>
      <p>
        <Link to="/">{t("common.home")}</Link>
      </p>
    </main>
  );
}

/** In the place of a page that failed. */
export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <main className="alone">
      <h1>{t("common.pageFailed")}</h1>
      <Failure error={error} onRetry={reset} />
    </main>
  );
}
