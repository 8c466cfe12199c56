import { useState } from "react";
import { api, body } from "../../api/client";
import type { ApiKey } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { t } from "../../i18n";
import "../../i18n/late";
import { Overlap } from "../../lib/Overlap";
import { useSubmit } from "../../lib/submit";
import { useWorkspace } from "../../lib/workspace";
import { Secret } from "./Secret";

interface Properties {
  item: ApiKey;
  onClose: () => void;
  refetch: () => void;
}

/** A new secret for a key, beside which the present one may hold for a while. */
export function RotateKey({ item, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, api_key_id: item.id };
  const [overlap, setOverlap] = useState("86400");
  const [token, setToken] = useState<string>();
  const { submit, busy, problem } = useSubmit(async () => {
    const made = await body(
      api.POST("/v1/workspaces/{workspace_id}/api-keys/{api_key_id}/rotate", {
        params: { path },
        body: { overlap_seconds: Number(overlap) },
      }),
    );
    setToken(made.token);
    refetch();
  });
  if (token) return <Secret token={token} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={t("rotation.title", { name: item.name })}>
      <form className="stack" onSubmit={submit}>
        <p>{t("rotation.text")}</p>
        {problem && <Failure error={problem} />}
        <Overlap seconds={overlap} onSeconds={setOverlap} />
        <div className="row">
          <Button look="main" type="submit" disabled={busy}>
            {t("rotation.make")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
