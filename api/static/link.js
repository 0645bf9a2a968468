// The code of a one-time link stands behind the "#" of its address, which browsers send to nobody; it is put into the form here.
"use strict";
const field = document.getElementById("token");
if (field && !field.value && location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
