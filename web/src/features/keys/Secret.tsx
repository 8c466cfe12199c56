import { Copy } from "../../design/Copy";
import { t } from "../../i18n";
import { ShownOnce } from "../../lib/ShownOnce";
import { useWorkspace } from "../../lib/workspace";

/** How a program makes a link with a key. */
export function curl(workspace: string, token: string): string {
  const lines = [
    `curl ${location.origin}/v1/workspaces/${workspace}/links`,
    `-H 'Authorization: Bearer ${token}'`,
    "-H 'Content-Type: application/json'",
  ];
  return [...lines, `-d '{"destination_url": "https://example.com/"}'`].join(" \\\n  ");
}

/** A secret that was just made. */
export function Secret({ token, onClose }: { token: string; onClose: () => void }) {
  const workspace = useWorkspace();
  return (
    <ShownOnce title={t("keysPage.made")} note={t("keysPage.once")} onClose={onClose}>
      <div className="row">
        <code className="grow">{token}</code>
        <Copy text={token} />
      </div>
      <pre className="code">{curl(workspace.id, token)}</pre>
    </ShownOnce>
  );
}
