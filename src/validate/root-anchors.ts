/**
 * The root's trust anchors as shipped: the DS records of KSK-2017 (tag 20326) and KSK-2024 (tag 38696). The same as in
 * trust-anchors/root-anchors.txt, whose README says where they come from and how they were checked; here so that a
 * resolver starts without reading a file.
 */

/** DS records in zone-file form, for `readAnchors`. */
export const ROOT_ANCHORS_TEXT = `
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
`;
