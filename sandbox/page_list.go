package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// page cuts one page out of a list, sorted by key. A marker names the last key shown, not a position, so that what is
// deleted between two pages neither hides nor repeats a neighbour. A marker that is none of ours gives ok false.
func page[T any](items []T, key func(T) string, marker *string, limit *int32, most int) (out []T, next *string, ok bool) {
	slices.SortStableFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if m := aws.ToString(marker); m != "" {
		raw, err := base64.RawURLEncoding.DecodeString(m)
		after, found := strings.CutPrefix(string(raw), "after:")
		if err != nil || !found {
			return nil, nil, false
		}
		start, exact := slices.BinarySearchFunc(items, after, func(item T, k string) int { return strings.Compare(key(item), k) })
		if exact {
			start++
		}
		items = items[start:]
	}
	size := most
	if limit != nil && *limit > 0 {
		size = min(int(*limit), most)
	}
	if len(items) <= size {
		return items, nil, true
	}
	token := base64.RawURLEncoding.EncodeToString([]byte("after:" + key(items[size-1])))
	return items[:size], &token, true
}

// iamPage is page with IAM's default of 100, its ceiling of 1000 and its error.
func iamPage[T any](items []T, key func(T) string, marker *string, limit *int32) ([]T, *string, error) {
	most := 100
	if limit != nil {
		most = 1000
	}
	out, next, ok := page(items, key, marker, limit, most)
	if !ok {
		return nil, nil, validation("Invalid Marker.")
	}
	return out, next, nil
}
