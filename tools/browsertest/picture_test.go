package browsertest

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshot = flag.String("screenshot", "", "file that TestPicture writes the README's picture of the sandbox's page to")

// TestPicture makes the picture anew:
//
//	go test -run TestPicture -args -screenshot "$PWD/../../docs/sandbox.png"
//
// Without the flag it says whether the one that is there is as small as a page that shows it can bear.
func TestPicture(t *testing.T) {
	committed := filepath.Join("..", "..", "docs", "sandbox.png")
	if *screenshot != "" {
		b := open(t, 1280, false)
		b.run(chromedp.EmulateViewport(1280, 1180))
		b.story()
		var shot []byte
		b.run(chromedp.Evaluate(`document.activeElement.blur()`, nil),
			chromedp.Poll(`document.getAnimations().length === 0`, nil),
			chromedp.CaptureScreenshot(&shot))
		if err := os.WriteFile(*screenshot, small(t, shot), 0o644); err != nil {
			t.Fatal(err)
		}
		committed = *screenshot
	}
	info, err := os.Stat(committed)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 200<<10 {
		t.Errorf("the picture has %d bytes", info.Size())
	}
}

// small keeps the 256 colours that most of a picture has, which takes about a third of the bytes.
func small(t *testing.T, shot []byte) []byte {
	t.Helper()
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	size := from.Bounds()
	count := map[color.Color]int{}
	for y := range size.Dy() {
		for x := range size.Dx() {
			count[from.At(x, y)]++
		}
	}
	palette := color.Palette{}
	for c := range count {
		palette = append(palette, c)
	}
	slices.SortFunc(palette, func(a, b color.Color) int { return count[b] - count[a] })
	palette = palette[:min(256, len(palette))]
	index := map[color.Color]uint8{}
	for c := range count {
		index[c] = uint8(palette.Index(c))
	}
	to := image.NewPaletted(size, palette)
	for y := range size.Dy() {
		for x := range size.Dx() {
			to.SetColorIndex(x, y, index[from.At(x, y)])
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
