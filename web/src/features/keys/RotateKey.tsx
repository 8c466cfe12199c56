import { useState } from "react";
import { api, body } from "../../api/client";
import type { ApiKey } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Choice } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useSubmit } from "../../lib/submit";
import { useWorkspace } from "../../lib/workspace";
import { Secret } from "./Secret";

const HOUR = 3600;

interface Properties {
  item: ApiKey;
  onClose: () => void;
  refetch: () => void;
}

/** A new secret for a key, beside which the present one may hold for a while. */
export function RotateKey({ item, onClose, refetch }: Properties) {
  const path = { workspace_id: useWorkspace().id, api_key_id: item.id };
  const [overlap, setOverlap] = useState(String(24 * HOUR));
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
        <Choice
          label={t("rotation.overlap")}
          value={overlap}
          onValue={setOverlap}
          options={[
            ["0", t("rotation.atOnce")],
            [String(HOUR), t("rotation.hour")],
            [String(24 * HOUR), t("rotation.day")],
            [String(7 * 24 * HOUR), t("rotation.week")],
          ]}
        />
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
