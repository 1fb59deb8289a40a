package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// A bar has a median and the range of the rounds.
type bar struct {
	label          string
	low, mid, high float64
	family         family
}

// A panel is a group of bars on a scale of its own.
type panel struct {
	title string
	bars  []bar
}

// Colours of the families, on white.
var colours = map[family]string{stock: "#8a8a8a", partnersign: "#1f6fb2", others: "#d98324"}

// Sizes in a plot, in pixels.
const (
	plotWidth, plotLabels, plotValues = 760, 210, 70
	plotRow, plotGap                  = 20, 34
)

// plot draws panels of horizontal bars below each other, as SVG.
func plot(title string, panels []panel) string {
	b := new(strings.Builder)
	y := 30
	for _, p := range panels {
		y += plotGap
		fmt.Fprintf(b, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y-8, html.EscapeString(p.title))
		y = p.draw(b, y)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="12">`+"\n"+
		`<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>`+"\n"+
		`<text x="10" y="22" font-size="15" font-weight="bold">%[3]s</text>`+"\n%[4]s</svg>\n", plotWidth, y+10, html.EscapeString(title), b)
}

// draw returns where it ends.
func (p panel) draw(b *strings.Builder, y int) int {
	most := 0.0
	for _, bar := range p.bars {
		most = max(most, bar.high)
	}
	scale := func(v float64) float64 {
		if most == 0 {
			return 0
		}
		return v / most * (plotWidth - plotLabels - plotValues)
	}
	for _, bar := range p.bars {
		middle := float64(y) + plotRow/2 - 1
		fmt.Fprintf(b, `<text x="%d" y="%.0f" text-anchor="end">%s</text>`, plotLabels-6, middle+4, html.EscapeString(bar.label))
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, plotLabels, y+2, scale(bar.mid), plotRow-6, colours[bar.family])
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%[3]f" y2="%[3]f" stroke="#000000"/>`, plotLabels+scale(bar.low), plotLabels+scale(bar.high), middle)
		fmt.Fprintf(b, `<text x="%.1f" y="%.0f">%s</text>`+"\n", plotLabels+scale(bar.high)+5, middle+4, number(bar.mid))
		y += plotRow
	}
	return y
}

// number has as many digits as a reader wants.
func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// barOf is the bar of the values of all rounds.
func barOf(t target, values []float64) bar {
	return bar{t.Title, slices.Min(values), median(values), slices.Max(values), t.family}
}
