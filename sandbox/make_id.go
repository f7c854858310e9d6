package sandbox

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
)

const (
	base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

func letters(r *rand.Rand, alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// newID makes a unique id of 21 characters: AIDA, AROA, AGPA, ANPA.
func (w *World) newID(prefix string) string { return prefix + letters(w.ids, base32Digits, 17) }

// newKeyID makes an access key id of 20 characters. As with AWS the account can be read from it, which is how
// sts:GetAccessKeyInfo answers.
func (w *World) newKeyID(prefix, account string) string {
	number, _ := strconv.ParseUint(account, 10, 64) // an account id that is no number reads back as 0
	var raw [10]byte
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], 1<<47|number<<7|uint64(w.ids.IntN(128)))
	copy(raw[:6], head[2:])
	for i := 6; i < 10; i++ {
		raw[i] = byte(w.ids.IntN(256))
	}
	return prefix + base32.StdEncoding.EncodeToString(raw[:])
}

// accountOfKey reads the account back; ok is false for what is no key id.
func accountOfKey(id string) (string, bool) {
	if len(id) != 20 {
		return "", false
	}
	raw, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return "", false
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	return fmt.Sprintf("%012d", binary.BigEndian.Uint64(head[:])&(1<<47-1)>>7), true
}

func (w *World) newSecret() string { return letters(w.ids, base64Digits, 40) }

// newUUID makes request, event and version ids.
func newUUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}
