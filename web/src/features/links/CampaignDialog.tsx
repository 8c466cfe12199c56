import { type FormEvent, useState } from "react";
import type { Link, Utm } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { t } from "../../i18n";
import "../../i18n/late";
import { TemplateChoice } from "../../lib/TemplateChoice";
import { UtmFields } from "../../lib/UtmFields";
import { whole } from "../../lib/utm";

interface Properties {
  links: Link[];
  onClose: () => void;
  onCampaign: (utm: Utm) => void;
}

/** The campaign parameters of several links, also from a template. They begin as what all have alike. */
export default function CampaignDialog({ links, onClose, onCampaign }: Properties) {
  const [utm, setUtm] = useState(() => alike(links));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onCampaign(whole(utm));
  };
  return (
    <Dialog open onClose={onClose} title={t("campaign.title", { count: links.length })}>
      <form className="stack" onSubmit={submit}>
        <p className="small muted">{t("campaign.about")}</p>
        <TemplateChoice onChoose={setUtm} />
        <UtmFields utm={utm} onUtm={setUtm} errorOf={() => undefined} />
        <div className="row">
          <Button look="main" type="submit">
            {t("common.save")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function alike(links: Link[]): Utm {
  const texts = new Set(links.map((link) => JSON.stringify(whole(link.utm))));
  return texts.size === 1 ? (links[0]?.utm ?? {}) : {};
}
