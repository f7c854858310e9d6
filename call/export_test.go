package call

import (
	"encoding/json"
	"reflect"
)

// InputType is the SDK type of an operation's input.
func InputType(d *Definition) reflect.Type { return d.input }

// Encode writes an input as a call holds it.
func Encode(in any) (json.RawMessage, error) { return encode(in) }
