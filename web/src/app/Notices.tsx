import { useEffect, useRef, useSyncExternalStore } from "react";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { useServer } from "../lib/server";
import { say } from "../lib/toasts";

const onConnection = (listener: () => void) => {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
};

/** What stands between the page and its server, in words, above every page. */
export function Notices() {
  const online = useSyncExternalStore(onConnection, () => navigator.onLine);
  const { away, other } = useServer();
  const wasAway = useRef(false);
  useEffect(() => {
    if (wasAway.current && !away) say(t("server.back"));
    wasAway.current = away;
  }, [away]);
  return (
    <div role="status">
      {!online ? (
        <div className="offline">{t("common.offline")}</div>
      ) : away ? (
        <div className="offline">{t("server.away")}</div>
      ) : (
        other && (
          <div className="offline row apart">
            <span>{t("server.newer")}</span>
            <Button onClick={() => location.reload()}>{t("server.reload")}</Button>
          </div>
        )
      )}
    </div>
  );
}
