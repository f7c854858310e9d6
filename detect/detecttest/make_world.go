package detecttest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"
)

// world is the organisation at work and the record in hand.
type world struct {
	month    Month
	rnd      *rand.Rand
	now      time.Time
	buf      []byte
	accounts []account
	people   []person
	users    []user
	// The caller of the duty in hand.
	account account
	region  string
	me      identity
	// What it is about: one application, one bucket, one machine.
	app, bucket, instance, group, key string
}

type account struct{ id, name string }

// person comes by single sign-on, from home or from an office.
type person struct{ mail, set, home string }

// user is an IAM user with a key: a program, or somebody who was there before single sign-on.
type user struct {
	name    string
	account int
	program bool
}

var (
	appNames    = []string{"orders-api", "billing-worker", "search-indexer", "web-frontend", "event-router", "image-resizer", "ledger-sync", "reporting"}
	bucketNames = []string{"artifacts", "datalake", "uploads", "backups", "assets", "access-logs", "exports"}
	offices     = []string{"198.51.100.0/26", "203.0.113.64/28", "198.51.100.200/32"}
	regions     = []string{"eu-west-1", "eu-west-1", "eu-west-1", "us-east-1", "us-east-1", "eu-central-1"}
	firstNames  = []string{"ada", "ben", "carla", "deniz", "emil", "fatima", "goran", "hanna", "ines", "jonas", "kofi", "lena", "marek", "nadia", "omar", "petra", "quentin", "rosa", "sven", "tara"}
	// The sets of permissions that people hold, by how many hold them.
	permissionSets = []string{"Developer", "Developer", "Developer", "Developer", "ReadOnly", "ReadOnly", "DataScientist", "PlatformEngineer", "PlatformEngineer", "SecurityAnalyst", "AdministratorAccess"}
)

func newWorld(m Month) *world {
	w := &world{month: m, rnd: rand.New(rand.NewPCG(uint64(m.Seed), 0xD1B54A32D192ED03)), now: m.Start}
	kinds := []string{"prod", "dev", "staging", "sandbox"}
	for i := range m.Accounts {
		name := fmt.Sprintf("%s-%02d", kinds[i%len(kinds)], i/len(kinds))
		switch i {
		case 0:
			name = "management"
		case 1:
			name = "security"
		case 2:
			name = "log-archive"
		}
		w.accounts = append(w.accounts, account{fmt.Sprintf("%012d", 200_000_000_000+w.rnd.Int64N(700_000_000_000)), name})
	}
	for i := range 2 * m.Accounts {
		w.people = append(w.people, person{
			mail: firstNames[i%len(firstNames)] + "." + string(rune('a'+i/len(firstNames)%26)) + "@example.com",
			set:  permissionSets[i%len(permissionSets)],
			home: fmt.Sprintf("192.0.2.%d", 1+i%250),
		})
	}
	// Four programs with a key to one old hand, in a third of the accounts.
	for i := range m.Accounts * 2 / 5 {
		u := user{name: firstNames[i%len(firstNames)], account: i * 7 % m.Accounts}
		if i%5 != 0 {
			u.name, u.program = "svc-"+appNames[i%len(appNames)]+"-"+strconv.Itoa(i), true
		}
		w.users = append(w.users, u)
	}
	if len(w.users) == 0 {
		w.users = []user{{name: "svc-mail", program: true}}
	}
	return w
}

// pick returns one of the choices.
func (w *world) pick(choices []string) string { return choices[w.rnd.IntN(len(choices))] }

const (
	hexDigits = "0123456789abcdef"
	idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// hex appends n random hexadecimal digits, sixteen to a draw.
func (w *world) hex(n int) { w.buf = appendBits(w.buf, w.rnd.Uint64, hexDigits, 4, n) }

// id appends n letters as AWS's unique ids have them.
func (w *world) id(n int) { w.buf = appendBits(w.buf, w.rnd.Uint64, idLetters, 5, n) }

func appendBits(to []byte, draw func() uint64, alphabet string, bits, n int) []byte {
	var pool uint64
	for have := 0; n > 0; n-- {
		if have < bits {
			pool, have = draw(), 64
		}
		to = append(to, alphabet[pool&uint64(len(alphabet)-1)])
		pool >>= bits
		have -= bits
	}
	return to
}

func (w *world) uuid() { w.buf = appendUUID(w.buf, w.rnd.Uint64) }

func appendUUID(to []byte, draw func() uint64) []byte {
	for i, n := range []int{8, 4, 3, 3, 12} {
		if i > 0 {
			to = append(to, '-')
		}
		if i == 2 || i == 3 {
			to = append(to, "  4a"[i]) // version 4, variant 1
		}
		to = appendBits(to, draw, hexDigits, 4, n)
	}
	return to
}

// stable draws from a source that the names decide: one role has one id all month.
func (w *world) stable(names []string) func() uint64 {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatInt(w.month.Seed, 10))) // a hash's Write never fails
	for _, n := range names {
		h.Write([]byte{0})
		h.Write([]byte(n))
	}
	return rand.NewPCG(h.Sum64(), uint64(len(names))).Uint64
}

func (w *world) stableHex(n int, names ...string) string {
	return string(appendBits(nil, w.stable(names), hexDigits, 4, n))
}

func (w *world) stableID(n int, names ...string) string {
	return string(appendBits(nil, w.stable(names), idLetters, 5, n))
}

func (w *world) stableUUID(names ...string) string {
	return string(appendUUID(nil, w.stable(names)))
}
