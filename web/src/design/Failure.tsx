import { problemOf } from "../api/problem";
import { t } from "../i18n";
import { Button } from "./Button";
import { Copy } from "./Copy";

/** In the place of what failed: what happened, what to do, and the id of the request for whoever reads the log. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = problemOf(error);
  const id = problem.body?.request_id;
  return (
    <div className="note" data-look="bad" role="alert">
      <p>{problem.status === 0 ? t("common.noAnswer") : problem.message}</p>
      <div className="row">
        {onRetry && <Button onClick={onRetry}>{t("common.retry")}</Button>}
        {id && (
          <>
            <code className="small">{id}</code>
            <Copy text={id} />
          </>
        )}
      </div>
    </div>
  );
}

export function Skeleton({ height = 44, count = 1 }: { height?: number; count?: number }) {
  return (
    <div className="stack-s" aria-busy="true">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="skeleton" style={{ height }} />
      ))}
    </div>
  );
}
