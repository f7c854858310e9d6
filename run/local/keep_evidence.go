package local

import (
	"context"
	"io"

	"github.com/quell-ir/quell"
)

// sink keeps what a step collects and records each artefact as it becomes durable.
type sink struct {
	driver *Driver
	step   string
}

// Has implements action.Sink from the records, so that a collection that was cut off goes on.
func (s *sink) Has(name string) bool {
	return s.driver.State.HasEvidence(s.step, name)
}

// Put implements action.Sink.
func (s *sink) Put(ctx context.Context, name, from string, content io.Reader, missing []string) error {
	kept, err := s.driver.Evidence.Put(ctx, name, from, content, missing)
	if err != nil {
		return err
	}
	return s.driver.record(ctx, quell.RecordEvidence, s.step, kept)
}
