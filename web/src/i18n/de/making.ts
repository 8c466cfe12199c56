export const making = {
  campaign: {
    title_one: "Kampagne von {{count}} Link",
    title_other: "Kampagne von {{count}} Links",
    about: "Dies ersetzt alle Kampagnenparameter, die die Links haben. Was leer ist, fällt weg.",
  },
  many: {
    title: "Mehrere Links",
    addresses: "Ziele, eines je Zeile",
    hint: "Aus jedem wird ein Link mit einem Kürzel, das für ihn gewählt wird",
    tooMuch: "Höchstens {{most}} auf einmal; dies sind {{found}}. Nehmen Sie welche heraus.",
    make_one: "{{count}} Link anlegen",
    make_other: "{{count}} Links anlegen",
    made_one: "{{count}} Link ist angelegt",
    made_other: "{{count}} Links sind angelegt",
    working: "Links werden angelegt",
    refused_one: "Aus {{count}} Adresse wurde kein Link",
    refused_other: "Aus {{count}} Adressen wurde kein Link",
    mend: "Sie stehen noch im Feld darüber. Berichtigen Sie sie dort und legen Sie sie noch einmal an.",
    links: "Was angelegt wurde",
    copyAll: "Alle kopieren",
  },
  values: {
    search: "Suchen",
    none: "Nichts gefunden",
  },
};
