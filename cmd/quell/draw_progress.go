package main

import (
	"fmt"
	"strings"
	"time"
)

// standing is how far a hunt is. What is not known is negative, and is not shown.
type standing struct {
	bytes, total      int64 // as stored: how far they expand is known at the end only
	files, totalFiles int64
	events, findings  int64
	done, of          int64 // regions
	pages             int64
}

// unknown is the standing of a hunt that counts nothing yet.
func unknown() standing {
	return standing{bytes: -1, total: -1, files: -1, totalFiles: -1, done: -1, of: -1, pages: -1}
}

// part is a piece of the progress line. Of two that do not both fit, the one of lower rank stays: how much is done and how
// long it takes are what a person waits for, the number of files is for those with a wide screen.
type part struct {
	text string
	rank int
}

// progressLine is at most one column less than the terminal has: a full line would wrap on some.
func progressLine(s standing, elapsed time.Duration, columns int) string {
	room := columns - 1
	var parts []part
	add := func(rank int, text string) {
		if text != "" {
			parts = append(parts, part{text, rank})
		}
	}
	share := -1.0
	switch {
	// A share of all goes with a bar; without a total neither is drawn, since a bar that wanders says nothing.
	case s.total > 0 && s.bytes >= 0:
		share = float64(s.bytes) / float64(s.total)
		add(0, fmt.Sprintf("%3.0f%%", 100*min(share, 1)))
		add(1, byteSize(s.bytes)+" of "+byteSize(s.total))
	case s.bytes >= 0:
		add(1, byteSize(s.bytes))
	}
	// The event history has no size. Regions differ by a hundredfold, and still it is the one thing to count.
	if s.of > 0 {
		share = float64(s.done) / float64(s.of)
		add(0, fmt.Sprintf("%d of %d regions", s.done, s.of))
	}
	add(4, speed(s.events, elapsed))
	add(3, fmt.Sprintf("%d findings", s.findings))
	if s.pages >= 0 {
		add(6, fmt.Sprintf("%d pages", s.pages))
	}
	switch {
	case s.totalFiles >= 0 && s.files >= 0:
		add(5, fmt.Sprintf("%d of %d files", s.files, s.totalFiles))
	case s.files >= 0:
		add(5, fmt.Sprintf("%d files", s.files))
	}
	switch {
	case s.total > 0 && s.bytes >= s.total && s.files >= s.totalFiles:
		add(2, "putting together") // correlations and incidents are made of all that was read
	case s.total > 0:
		add(2, timeLeft(s.bytes, s.total, elapsed))
	}
	line := joinParts(parts, room)
	// The bar takes what the words leave; below eight signs it would show less than the percentage does.
	if bar := min(room-len(line)-4, 24); share >= 0 && bar >= 8 {
		full := int(min(share, 1) * float64(bar))
		line = "[" + strings.Repeat("=", full) + strings.Repeat(" ", bar-full) + "]  " + line
	}
	return line
}

// joinParts leaves out the parts of highest rank until the others fit.
func joinParts(parts []part, room int) string {
	for {
		texts := make([]string, len(parts))
		worst := 0
		for i, p := range parts {
			texts[i] = p.text
			if p.rank > parts[worst].rank {
				worst = i
			}
		}
		line := strings.Join(texts, "  ")
		if len(line) <= room || len(parts) == 0 {
			return line
		}
		parts = append(parts[:worst:worst], parts[worst+1:]...)
	}
}

// timeLeft goes by what was read so far. Of the first two seconds nothing can be told.
func timeLeft(bytes, total int64, elapsed time.Duration) string {
	if bytes <= 0 || bytes >= total || elapsed < 2*time.Second {
		return ""
	}
	seconds := elapsed.Seconds() * float64(total-bytes) / float64(bytes)
	if seconds > 100*time.Hour.Seconds() {
		return "" // nobody waits for that, nor is it any better than a guess
	}
	left := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch {
	case left >= time.Hour:
		return fmt.Sprintf("%dh%02dm left", left/time.Hour, left%time.Hour/time.Minute)
	case left >= time.Minute:
		return fmt.Sprintf("%dm%02ds left", left/time.Minute, left%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds left", left/time.Second)
}

// speed is over the whole time: that of the last second jumps with each small file.
func speed(events int64, elapsed time.Duration) string {
	if elapsed <= 0 {
		return fmt.Sprintf("%d events", events)
	}
	rate := float64(events) / elapsed.Seconds()
	if rate >= 10_000 {
		return fmt.Sprintf("%.0fk events/s", rate/1000)
	}
	return fmt.Sprintf("%.0f events/s", rate)
}

// byteSize is in powers of ten, as disks and invoices count. It keeps three digits, so that the line does not dance.
func byteSize(n int64) string {
	value, unit := float64(n), 0
	units := [...]string{"B", "kB", "MB", "GB", "TB"}
	for value >= 999.5 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 || value >= 99.5 {
		return fmt.Sprintf("%.0f %s", value, units[unit])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
