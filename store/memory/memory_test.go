package memory_test

import (
	"testing"

	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/memory"
	"github.com/quell-ir/quell/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) ledger.Store { return memory.New() })
}
