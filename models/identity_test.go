package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

// publicKey is the key of the published test vectors: never for use.
func publicKey() []byte {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

func testLinker(t *testing.T) *Linker {
	t.Helper()
	l, err := NewLinker("KG", publicKey(), publicKey())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLinker_MatchesThePublishedVectors(t *testing.T) {
	t.Parallel()
	l := testLinker(t)
	for _, initials := range [][2]string{{"Ай", "Гу"}, {"Ai", "Gu"}} {
		uic, err := NewUIC("KG", "F", 1990, initials[0], initials[1])
		if err != nil || uic.reveal() != "UIC1|KG|F|1990|AI|GU" || uic.Quality() != LinkFull {
			t.Fatalf("NewUIC(%q) = %q, %v, %v", initials, uic.reveal(), uic.Quality(), err)
		}
		link := l.Link(uic)
		if link.Hex() != "0e71e43da5f06a7f06abd65dc39d4ae2e11984d7d66077a96cfcfb89e49b3476" {
			t.Errorf("link = %s", link.Hex())
		}
		for sector, want := range map[Sector]ClientCode{
			SectorClinic: "C1-W691-A365-GKKA-M", SectorPrison: "P1-ECM2-AGCB-XQS5-4", SectorNGO: "N1-AF4R-NWB5-8PET-K",
		} {
			if got := l.Code(link, sector); string(got) != string(want) || got.Sector() != sector {
				t.Errorf("%s code = %s of %s, want %s", sector, string(got), got.Sector(), string(want))
			}
		}
	}
}

func TestUIC_QualityIsLowWithoutBothParents(t *testing.T) {
	t.Parallel()
	for _, initials := range [][2]string{{"", "Гу"}, {"Ай", ""}, {"Kh", "Гу"}, {"", ""}} {
		uic, err := NewUIC("KZ", "M", 1988, initials[0], initials[1])
		if err != nil || uic.Quality() != LinkLow {
			t.Errorf("NewUIC(%q): %v, %v", initials, uic.Quality(), err)
		}
	}
	for _, initials := range [][2]string{{"Aigul", "Gu"}, {"Ai", "Gulnara"}} {
		if _, err := NewUIC("KZ", "M", 1988, initials[0], initials[1]); !IsKind(err, KindInvalid) {
			t.Errorf("NewUIC(%q) accepted a name", initials)
		}
	}
}

func TestLinker_KeepsCountriesSectorsAndKeysApart(t *testing.T) {
	t.Parallel()
	uic, err := NewUIC("KG", "F", 1990, "Ай", "Гу")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewLinker("KZ", publicKey(), publicKey())
	if err != nil {
		t.Fatal(err)
	}
	if testLinker(t).Link(uic) == other.Link(uic) {
		t.Error("two countries give one link id")
	}
	if code := testLinker(t).Code(LinkID{}, SectorClinic); code != "" {
		t.Error("the zero link id has a code")
	}
	for _, keys := range [][2][]byte{{nil, publicKey()}, {publicKey(), nil}, {publicKey()[:31], publicKey()}} {
		if _, err := NewLinker("KG", keys[0], keys[1]); err == nil {
			t.Error("NewLinker accepted a short key")
		}
	}
	if _, err := NewLinker("XX", publicKey(), publicKey()); err == nil {
		t.Error("NewLinker accepted a country that is not served")
	}
}

func TestLinkID_ReadsWhatItWrote(t *testing.T) {
	t.Parallel()
	uic, err := NewUIC("KG", "F", 1990, "Ай", "Гу")
	if err != nil {
		t.Fatal(err)
	}
	link := testLinker(t).Link(uic)
	again, err := ParseLinkID(link.Hex())
	if err != nil || again != link {
		t.Errorf("ParseLinkID(Hex()) differs: %v", err)
	}
	if (LinkID{}).Hex() != "" {
		t.Error("the zero link id has a hex form")
	}
	for _, s := range []string{"", "zz", link.Hex()[:62], link.Hex() + "00"} {
		if _, err := ParseLinkID(s); err == nil || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("ParseLinkID of %d characters: %v", len(s), err)
		}
	}
}

func TestIdentity_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	uic, err := NewUIC("KG", "F", 1990, "Ай", "Гу")
	if err != nil {
		t.Fatal(err)
	}
	l := testLinker(t)
	link := l.Link(uic)
	type inside struct { // fmt calls no methods on these
		uic    UIC
		link   LinkID
		linker *Linker
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "uic", uic, "link", link, "code", l.Code(link, SectorClinic), "linker", l, "all", inside{uic, link, l})
	encoded, err := json.Marshal([]any{uic, link, l})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, v := range []any{uic, link, l, *l, &uic, &link, inside{uic, link, l}, []any{uic, link}, map[string]UIC{"k": uic}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	text := strings.ToLower(out.String())
	for _, leak := range []string{"uic1|", "1990", "0e71e4", "0x0e", "14 113", "14, 113", "w691", "[0 1 2", "00010203", "0x0, 0x1", "ujlwmxx"} {
		if strings.Contains(text, leak) {
			t.Errorf("%q is printed", leak)
		}
	}
	if !strings.Contains(text, "hidden") {
		t.Error("nothing was hidden: the test proves nothing")
	}
}

func TestParseClientCode_ToleratesSpellings(t *testing.T) {
	t.Parallel()
	for input, localNo := range map[string]int{
		"C1-W691-A365-GKKA-M": 1, "c1-w691-a365-gkka-m": 1, "C1W691A365GKKAM": 1, "C1 W691 A365 GKKA M": 1,
		" CI-W69l-A365-GKKA-M\n": 1, "C1–W691—A365-GKKA-M": 1, "C1-W691-A365-GKKA-M.2": 2, "c1w691a365gkkam.999": 999,
	} {
		code, n, err := ParseClientCode(input)
		if err != nil || code != "C1-W691-A365-GKKA-M" || n != localNo {
			t.Errorf("ParseClientCode(%q) = %q, %d, %v", input, string(code), n, err)
		}
		if handle := CodeHandle(string(code), n); localNo == 2 && handle != "C1-W691-A365-GKKA-M.2" || localNo == 1 && handle != string(code) {
			t.Errorf("CodeHandle gives %q", handle)
		}
	}
	zero := string(encodeCode(SectorNGO, 0))
	if code, _, err := ParseClientCode(strings.ReplaceAll(zero, "0", "O")); err != nil || string(code) != zero {
		t.Errorf("O is not read as 0: %v", err)
	}
}

func TestParseClientCode_RefusesTheRest(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"": "client.code_format", "C1": "client.code_format", "X1-W691-A365-GKKA-M": "client.code_format",
		"C2-W691-A365-GKKA-M": "client.code_format", "C1-W691-A365-GKKA": "client.code_format",
		"C1-W691-A365-GKKA-MM": "client.code_format", "C1-U691-A365-GKKA-M": "client.code_format",
		"C1-W691-A365-GKKA-!": "client.code_format", "C1-W691-A365-GKKА-M": "client.code_format", // Cyrillic А
		"C1-W691-A365-GKKA-M.": "client.code_format", "C1-W691-A365-GKKA-M.1": "client.code_format",
		"C1-W691-A365-GKKA-M.02": "client.code_format", "C1-W691-A365-GKKA-M.+2": "client.code_format",
		"C1-W691-A365-GKKA-M.1000": "client.code_format", "C1-W691-A365-GKKA-M.2.2": "client.code_format",
		"C1-W691-A365-GKKB-M": "client.code_check", "C1-W691-A365-GKKA-N": "client.code_check",
		"C1-W691-A365-GKAK-M": "client.code_check", "C1-W691-A365-GKKA-U": "client.code_check",
	} {
		code, n, err := ParseClientCode(input)
		var e *Error
		if !errors.As(err, &e) || e.Code != want || e.Kind != KindInvalid || code != "" || n != 0 {
			t.Errorf("ParseClientCode(%q) = %q, %d, %v; want %s", input, string(code), n, err, want)
		}
	}
}

// The check symbol covers the twelve digits. A mistyped prefix letter gives another
// sector's code, which the caller sees by its sector.
func TestParseClientCode_CatchesEverySubstitutionAndSwap(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	values := []uint64{0, 1, 1<<60 - 1, 36, 37}
	for range 200 {
		values = append(values, random.Uint64()>>4)
	}
	tried := 0
	for i, value := range values {
		code := string(encodeCode(Sectors[i%len(Sectors)], value))
		if got, _, err := ParseClientCode(code); err != nil || string(got) != code {
			t.Fatalf("the code itself is refused: %v", err)
		}
		for _, wrong := range mistypings(code) {
			tried++
			if got, _, err := ParseClientCode(wrong); err == nil {
				t.Fatalf("%s mistyped as %s is read as %s", code, wrong, string(got))
			}
		}
	}
	t.Logf("%d errors in %d codes, all caught", tried, len(values))
}

// mistypings lists every wrong symbol at every place behind the prefix, and every
// swap of two neighbours.
func mistypings(code string) []string {
	plain := strings.ReplaceAll(code, "-", "")
	var wrong []string
	for i := range plain {
		for _, symbol := range codeAlphabet {
			if i >= 2 && byte(symbol) != plain[i] {
				wrong = append(wrong, plain[:i]+string(symbol)+plain[i+1:])
			}
		}
		if i > 0 && plain[i] != plain[i-1] {
			wrong = append(wrong, plain[:i-1]+string(plain[i])+string(plain[i-1])+plain[i+1:])
		}
	}
	return wrong
}

func FuzzParseClientCode(f *testing.F) {
	f.Add("C1-W691-A365-GKKA-M.2")
	f.Add("p1 ecm2 agcb xqs5 4")
	f.Fuzz(func(t *testing.T, s string) {
		code, n, err := ParseClientCode(s)
		if err != nil {
			return
		}
		again, m, err := ParseClientCode(CodeHandle(string(code), n))
		if err != nil || again != code || m != n {
			t.Errorf("ParseClientCode(%q) = %q, %d, which is read as %q, %d, %v", s, string(code), n, string(again), m, err)
		}
	})
}
