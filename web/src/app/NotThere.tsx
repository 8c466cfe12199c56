import { Link } from "@tanstack/react-router";
import { Button } from "../design/Button";
import { Failure } from "../design/Failure";
import { t } from "../i18n";
import { isMissingScript } from "../lib/Later";

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
  if (isMissingScript(error)) {
    return (
      <main className="alone">
        <p>{t("server.newer")}</p>
        <Button look="main" onClick={() => location.reload()}>
          {t("server.reload")}
        </Button>
      </main>
    );
  }
  return (
    <main className="alone">
      <h1>{t("common.pageFailed")}</h1>
      <Failure error={error} onRetry={reset} />
    </main>
  );
}
