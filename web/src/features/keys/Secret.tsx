import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Dialog } from "../../design/Dialog";
import { t } from "../../i18n";
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

/** A secret that was just made, which is shown this once. */
export function Secret({ token, onClose }: { token: string; onClose: () => void }) {
  const workspace = useWorkspace();
  return (
    <Dialog open onClose={onClose} title={t("keysPage.made")} wide>
      <p className="note" data-look="warn">
        {t("keysPage.once")}
      </p>
      <div className="row">
        <code className="grow">{token}</code>
        <Copy text={token} />
      </div>
      <pre className="code">{curl(workspace.id, token)}</pre>
      <div className="row">
        <Button look="main" onClick={onClose}>
          {t("keysPage.kept")}
        </Button>
      </div>
    </Dialog>
  );
}
