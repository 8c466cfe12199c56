/** Texts of making many links, and of looking at many values. */
export const making = {
  campaign: {
    title_one: "Campaign of {{count}} link",
    title_other: "Campaign of {{count}} links",
    about: "These take the place of all campaign parameters that the links have. What is empty goes.",
  },
  many: {
    title: "Several links",
    addresses: "Destinations, one a line",
    hint: "Each becomes a link with a slug that is made for it",
    tooMuch: "At most {{most}} at once; these are {{found}}. Take some out.",
    make_one: "Make {{count}} link",
    make_other: "Make {{count}} links",
    made_one: "{{count}} link is made",
    made_other: "{{count}} links are made",
    working: "Links are made",
    refused_one: "{{count}} address is no link",
    refused_other: "{{count}} addresses are no links",
    mend: "They are still in the field above. Mend them there and make them again.",
    links: "What was made",
    copyAll: "Copy all",
  },
  values: {
    search: "Search",
    none: "Nothing found",
  },
};
