import { useState } from "react";
import { api, body } from "../../api/client";
import type { ApiKey } from "../../api/types";
import { Rotation } from "../../lib/Rotation";
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
  const [token, setToken] = useState<string>();
  const rotate = async (overlap_seconds: number) => {
    const made = await body(
      api.POST("/v1/workspaces/{workspace_id}/api-keys/{api_key_id}/rotate", {
        params: { path },
        body: { overlap_seconds },
      }),
    );
    setToken(made.token);
    refetch();
  };
  if (token) return <Secret token={token} onClose={onClose} />;
  return <Rotation name={item.name} onRotate={rotate} onClose={onClose} />;
}
