import { Dialog } from "../design/Dialog";
import { t } from "../i18n";

const ROWS = [
  ["Ctrl K", "keys.palette"],
  ["C", "keys.new"],
  ["/", "keys.search"],
  ["G L", "keys.links"],
  ["G A", "keys.analytics"],
  ["G V", "keys.live"],
  ["G E", "nav.reports"],
  ["G F", "nav.exports"],
  ["G R", "nav.approvals"],
  ["G D", "keys.domains"],
  ["J K", "keys.move"],
  ["X", "keys.select"],
  ["Enter", "keys.open"],
  ["E", "keys.edit"],
  ["Y", "keys.copy"],
  ["Q", "keys.qr"],
  ["M", "keys.folder"],
  ["A", "keys.archive"],
  ["T", "keys.tag"],
  ["Delete", "keys.delete"],
  ["Ctrl Z", "keys.undo"],
  ["Ctrl Enter", "keys.save"],
  ["1 2 3 4 5", "keys.periods"],
  ["0", "period.own"],
  ["← →", "keys.period"],
  ["L", "nav.live"],
  ["V", "keys.table"],
] as const;

export default function Keys({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={t("keys.title")}>
      <table className="table">
        <tbody>
          {ROWS.map(([keys, text]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{t(text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
