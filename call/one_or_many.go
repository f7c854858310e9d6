package call

import "encoding/json"

// OneOrMany is a JSON value that policies hold alone or in a list.
type OneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *OneOrMany[T]) UnmarshalJSON(text []byte) error {
	var many []T
	if err := json.Unmarshal(text, &many); err == nil {
		*l = many
		return nil
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}
