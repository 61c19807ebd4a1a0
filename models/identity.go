package models

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unique"
)

// Sector is the domain of a client code. Prison and community never share a code
// (docs/identity.md, D.3).
type Sector string

// Sectors.
const (
	SectorClinic Sector = "clinic"
	SectorPrison Sector = "prison"
	SectorNGO    Sector = "ngo"
)

// Sectors lists every sector.
var Sectors = []Sector{SectorClinic, SectorPrison, SectorNGO}

// Prefix starts every code of the sector: a letter, and the version of the key.
func (s Sector) Prefix() string {
	switch s {
	case SectorClinic:
		return "C1"
	case SectorPrison:
		return "P1"
	case SectorNGO:
		return "N1"
	}
	return ""
}

// hidden gives its embedder the word "hidden" instead of its value wherever values
// are printed, logged or encoded.
type hidden struct{}

// String hides the value.
func (hidden) String() string { return "hidden" }

// GoString hides the value.
func (hidden) GoString() string { return "hidden" }

// Format hides the value from every verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "hidden") }

// LogValue hides the value.
func (hidden) LogValue() slog.Value { return slog.StringValue("hidden") }

// MarshalText hides the value from encoders.
func (hidden) MarshalText() ([]byte, error) { return []byte("hidden"), nil }

// secret holds a string behind a pointer: fmt calls no methods on unexported fields
// of others, and would print a plain string or array there. Secrets compare by value.
type secret struct {
	hidden
	handle unique.Handle[string]
}

func conceal(value string) secret { return secret{handle: unique.Make(value)} }

// reveal gives the value; the zero secret gives "".
func (s secret) reveal() string {
	if s.handle == (unique.Handle[string]{}) {
		return ""
	}
	return s.handle.Value()
}

// LinkQuality says whether a record may be linked in statistics.
type LinkQuality string

// Link qualities: low when a parent's initials are missing or too short.
const (
	LinkLow  LinkQuality = "low"
	LinkFull LinkQuality = "full"
)

// UIC is the input of the linkage: country, sex, birth year and the folded initials
// of both parents. It lives in memory only, and nothing prints it.
type UIC struct {
	secret
	quality LinkQuality
}

// NewUIC folds both parents' initials as typed; "" is a missing parent. The error
// is the one of FoldInitials.
func NewUIC(country, sex string, birthYear int, motherInitials, fatherInitials string) (UIC, error) {
	mother, motherFull, err := FoldInitials(motherInitials)
	if err != nil {
		return UIC{}, err
	}
	father, fatherFull, err := FoldInitials(fatherInitials)
	if err != nil {
		return UIC{}, err
	}
	quality := LinkLow
	if motherFull && fatherFull {
		quality = LinkFull
	}
	text := fmt.Sprintf("UIC1|%s|%s|%04d|%s|%s", country, sex, birthYear, mother, father)
	return UIC{conceal(text), quality}, nil
}

// Quality tells whether both parents' initials are complete.
func (u UIC) Quality() LinkQuality { return u.quality }

// CheckInitials records why the initials cannot be used. Missing and short initials
// pass: they lower the link quality, and are no error.
func CheckInitials(c *Checks, pointer, initials string) {
	if _, code := foldInitials(initials); code != "" {
		c.Add(pointer, code)
	}
}

// LinkID is the linkage id of a person within one country. It is kept in the
// linkage store only, and nothing prints it.
type LinkID struct{ secret }

// Hex gives the id in lower case, for storage in the linkage store; "" for the zero
// id.
func (id LinkID) Hex() string { return id.reveal() }

// ParseLinkID reads what Hex gave. Its error never carries the text.
func ParseLinkID(s string) (LinkID, error) {
	if raw, err := hex.DecodeString(s); err != nil || hex.EncodeToString(raw) != s || len(raw) != sha256.Size {
		return LinkID{}, errors.New("the stored link id is not 32 bytes in lower-case hex")
	}
	return LinkID{conceal(s)}, nil
}

// Linker derives linkage ids and client codes under the keys of one country. Blind
// evaluation or a separate linkage service can take its place later.
type Linker struct {
	hidden
	country string
	link    keyedHash // under K_country
	code    keyedHash // under K_sector; the label keeps the sectors apart
}

// NewLinker needs two keys of at least 32 bytes, which live outside the database
// and its dumps.
func NewLinker(country string, countryKey, sectorKey []byte) (*Linker, error) {
	if !slices.Contains(Countries, country) {
		return nil, errors.New("the linker needs one of the served countries")
	}
	if len(countryKey) < sha256.Size || len(sectorKey) < sha256.Size {
		return nil, errors.New("the country key and the sector key need at least 32 bytes each")
	}
	return &Linker{country: country, link: hashUnder(countryKey), code: hashUnder(sectorKey)}, nil
}

// Link gives the linkage id of a UIC: equal UICs have equal ids, in this country.
func (l *Linker) Link(uic UIC) LinkID {
	return LinkID{conceal(hex.EncodeToString(l.link("cadap/link/v1/"+l.country, uic.reveal())))}
}

// Code gives the client code of a person in a sector: the first 60 bits of a keyed
// hash, so that nobody without the key can join the sectors. The zero id has no
// code: a code made from nothing would be everybody's.
func (l *Linker) Code(id LinkID, sector Sector) ClientCode {
	if id == (LinkID{}) {
		return ""
	}
	token := l.code("cadap/pseudonym/v1/"+l.country+"/"+string(sector), id.Hex())
	return encodeCode(sector, binary.BigEndian.Uint64(token)>>4)
}

// keyedHash is HMAC-SHA-256 over a label, one zero byte and a message. A function
// keeps its key where no printing verb can reach it.
type keyedHash func(label, message string) []byte

func hashUnder(key []byte) keyedHash {
	key = slices.Clone(key)
	return func(label, message string) []byte {
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, label+"\x00"+message) // a hash never fails to write
		return mac.Sum(nil)
	}
}

// ClientCode is a client's pseudonym in one sector, in its one canonical spelling:
// C1-W691-A365-GKKA-M. It is personal data still, so logs never show it.
type ClientCode string

// LogValue hides the code.
func (ClientCode) LogValue() slog.Value { return slog.StringValue("hidden") }

// Sector tells the sector from the prefix; it is empty for anything but a code.
func (c ClientCode) Sector() Sector {
	i := slices.IndexFunc(Sectors, func(s Sector) bool { return strings.HasPrefix(string(c), s.Prefix()+"-") })
	if i < 0 {
		return ""
	}
	return Sectors[i]
}

// codeAlphabet holds the Crockford base-32 digits, then the five symbols that only
// a check symbol can be.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"

const (
	codeDigits    = 12 // 60 bits
	codeBase      = 32
	codeCheckBase = 37 // prime, so that every substitution and adjacent swap shows
)

func encodeCode(sector Sector, value uint64) ClientCode {
	var digits [codeDigits]byte
	for i, v := codeDigits-1, value; i >= 0; i, v = i-1, v/codeBase {
		digits[i] = codeAlphabet[v%codeBase]
	}
	d := string(digits[:])
	check := codeAlphabet[value%codeCheckBase]
	return ClientCode(fmt.Sprintf("%s-%s-%s-%s-%c", sector.Prefix(), d[:4], d[4:8], d[8:], check))
}

// CodeHandle is a code as people write it: with the local number from an
// organisation's second namesake on.
func CodeHandle(code string, localNo int) string {
	if localNo < 2 {
		return code
	}
	return code + "." + strconv.Itoa(localNo)
}

// ParseClientCode reads a code as people type it: lower case, O for 0, I and L for
// 1, dashes and spaces missing or elsewhere. localNo is 1 unless a suffix such as
// ".2" gives another. The check symbol covers the twelve digits, not the prefix:
// the caller compares the sector. Errors have code client.code_format, or
// client.code_check when one symbol was mistyped.
func ParseClientCode(s string) (code ClientCode, localNo int, err error) {
	malformed := Fail(KindInvalid, "client.code_format", "A client code has a prefix, three groups of four symbols and a check symbol.")
	body, suffix, local := strings.Cut(s, ".")
	localNo = 1
	if local {
		if localNo, err = strconv.Atoi(suffix); err != nil || localNo < 2 || localNo > 999 || strconv.Itoa(localNo) != suffix {
			return "", 0, malformed
		}
	}
	symbols := codeSymbols(body)
	if len(symbols) != 2+codeDigits+1 {
		return "", 0, malformed
	}
	prefix, digits, check := symbols[:2], symbols[2:2+codeDigits], symbols[2+codeDigits:]
	i := slices.IndexFunc(Sectors, func(s Sector) bool { return s.Prefix() == prefix })
	value, ok := decodeDigits(digits)
	if i < 0 || !ok || !strings.Contains(codeAlphabet, check) {
		return "", 0, malformed
	}
	if codeAlphabet[value%codeCheckBase] != check[0] {
		return "", 0, Fail(KindInvalid, "client.code_check", "The check symbol does not fit: a symbol of the code is mistyped.")
	}
	return encodeCode(Sectors[i], value), localNo, nil
}

// codeSymbols drops dashes and spaces and reads the tolerated spellings.
func codeSymbols(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
			return -1
		case r == 'O':
			return '0'
		case r == 'I', r == 'L':
			return '1'
		}
		return r
	}, s)
}

func decodeDigits(digits string) (value uint64, ok bool) {
	for _, r := range digits {
		v := strings.IndexRune(codeAlphabet[:codeBase], r)
		if v < 0 {
			return 0, false
		}
		value = value*codeBase + uint64(v)
	}
	return value, true
}
