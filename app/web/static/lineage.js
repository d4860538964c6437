// On a narrow screen the picture begins at the batch that the page is about.
document.querySelectorAll(".picture[data-here]").forEach(function (picture) {
  picture.scrollLeft = Number(picture.dataset.here) - picture.clientWidth / 2;
});
