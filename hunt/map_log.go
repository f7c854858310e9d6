package hunt

import (
	"context"
	"fmt"
	"io"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// mappedSource is a log that a user's mapping tells how to read.
func mappedSource(m source.Mapping) kindSource {
	from := m.Logsource
	return kindSource{
		read: readEvents(func(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (source.LogReport, error) {
			return source.ReadMapped(ctx, m, r, origin, emit)
		}),
		sources: []detect.Logsource{{Product: from.Product, Category: from.Category, Service: from.Service}},
	}
}

// Map adds the program for a log that a mapping reads. The error is a quell.Error where the mapping cannot be used, or where
// no rule is written for its log: reading it would look like finding nothing.
func (k KindPrograms) Map(m source.Mapping, rules []*detect.Rule, who *People) error {
	if err := m.Check(); err != nil {
		return &quell.Error{Code: quell.CodeUsage, What: "the mapping for " + quell.Clean(m.Source) + " cannot be used", Err: err, Next: "correct it"}
	}
	_, values, err := who.fill(nil)
	if err != nil {
		return err
	}
	from := mappedSource(m).sources[0]
	if from == (detect.Logsource{}) {
		return &quell.Error{Code: quell.CodeUsage, What: "the mapping for " + quell.Clean(m.Source) + " names no logsource", Next: "say product, category or service, as the rules for this log do"}
	}
	chosen := rulesFor(rules, from)
	if len(chosen) == 0 {
		return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("no rule reads %s, the log of the mapping", quell.Clean(from.String())),
			Next: "give rules with that logsource by --rules"}
	}
	judge, err := newKindJudge(chosen, from, values)
	if err != nil {
		return err
	}
	k[source.KindMapped] = []*kindJudge{judge}
	return nil
}
