package evidence

import (
	"context"

	"github.com/quell-ir/quell"
)

// Verify reads every artefact of the list and returns those that are lost or changed. The error is the context's.
func (f *Folder) Verify(ctx context.Context, list []quell.Evidence) ([]Problem, error) {
	return verify(ctx, f, list)
}

// Verify reads every artefact of the list and returns those that are lost or changed. The error is the context's.
func (m *Memory) Verify(ctx context.Context, list []quell.Evidence) ([]Problem, error) {
	return verify(ctx, m, list)
}
