package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"jol/models"
	"jol/models/indicators"
	"jol/models/store"
)

// config is what `jol serve` reads from the environment. `jol check` prints it with
// secrets hidden. There is no setting that makes the service less careful.
type config struct {
	Country     string `env:"JOL_COUNTRY" doc:"KZ, KG, TJ, TM or UZ: the one country this deployment serves (required)"`
	DatabaseURL string `env:"JOL_DATABASE_URL" doc:"postgres://… or sqlite:/path (required)" secret:"true"`
	KeysFile    string `env:"JOL_KEYS_FILE" doc:"file with the keys, mode 0600, outside the database and its backups; make one with jol keys new (required)"`
	Ledger      string `env:"JOL_RELEASE_LEDGER" doc:"file that remembers sealed releases, kept beside the backups (required)"`
	Addr        string `env:"JOL_ADDR" envDefault:"127.0.0.1:8080" doc:"address to listen on"`
	TLSCert     string `env:"JOL_TLS_CERT" doc:"certificate file, when this process ends TLS itself"`
	TLSKey      string `env:"JOL_TLS_KEY" doc:"key file of the certificate"`
	// Behind names the reverse proxies that end TLS in front of an address that is not loopback.
	Behind              []netip.Prefix `env:"JOL_TRUSTED_PROXIES" doc:"networks of the reverse proxies that end TLS in front of this process"`
	RegistrationsPerDay int            `env:"JOL_REGISTRATIONS_PER_DAY" envDefault:"300" doc:"client registrations one organisation may make in 24 hours"`
	TokenLife           time.Duration  `env:"JOL_TOKEN_LIFE" envDefault:"8h" doc:"how long a bearer token lives, at most 24h"`
	// EntryRule and SupplyRule are the counting rules that the definitions leave to a country.
	EntryRule    string `env:"JOL_ENTRY_RULE" envDefault:"TDI-6M" doc:"who is a new entrant: TDI-6M or TDI-DIS (docs/indicators.md, rule 3); choose before the first release"`
	SupplyRule   string `env:"JOL_SUPPLY_RULE" envDefault:"each_window" doc:"NSP02: each_window or monthly_average; choose before the first release"`
	SMTPAddr     string `env:"JOL_SMTP_ADDR" doc:"mail server for notices, host:port; port 465 or STARTTLS unless it is this machine"`
	SMTPFrom     string `env:"JOL_SMTP_FROM" doc:"sender of notices"`
	SMTPUser     string `env:"JOL_SMTP_USER" doc:"account on the mail server, if it wants one"`
	SMTPPassword string `env:"JOL_SMTP_PASSWORD" doc:"its password" secret:"true"`
	// NoticeNetworks are private networks that webhooks of notices may lead to.
	NoticeNetworks []netip.Prefix `env:"JOL_NOTICE_NETWORKS" doc:"private networks that webhooks may lead to; without it only public addresses"`
}

// rules are the counting rules of the deployment.
func (c config) rules() indicators.Rules {
	return indicators.Rules{Entry: c.EntryRule, Supply: c.SupplyRule}
}

// webhooks says what a webhook of a duty contact may lead to.
func (c config) webhooks() models.ContactRule { return models.ContactRule{Networks: c.NoticeNetworks} }

// demoWebhooks lets a trainer receive notices on the same machine.
var demoWebhooks = models.ContactRule{Plain: true}

func (c config) mailbox() mailbox {
	return mailbox{addr: c.SMTPAddr, from: c.SMTPFrom, user: c.SMTPUser, password: c.SMTPPassword}
}

func loadConfig() (config, error) {
	c, err := env.ParseAs[config]()
	if err != nil {
		// The library's message quotes the value that would not parse.
		return c, errors.New("a JOL_ setting has the wrong form; see docs/runbook/deploy.md for each one's form")
	}
	return c, nil
}

// problems lists everything that makes the configuration unsafe or unusable.
func (c config) problems() []string {
	var out []string
	need := func(ok bool, text string) {
		if !ok {
			out = append(out, text)
		}
	}
	need(slices.Contains(models.Countries, c.Country), "JOL_COUNTRY must be one of "+strings.Join(models.Countries, ", "))
	out = append(out, databaseProblems(c.DatabaseURL)...)
	if _, err := readKeys(c.KeysFile); err != nil {
		out = append(out, "JOL_KEYS_FILE: "+err.Error())
	}
	need(c.KeysFile == "" || !sameFolder(c.KeysFile, sqlitePath(c.DatabaseURL)), "JOL_KEYS_FILE must not lie in the folder of the database: a copy of the folder would hold both")
	need(c.Ledger != "" && writable(c.Ledger), "JOL_RELEASE_LEDGER must name a file beside the backups, in a folder that exists and can be written")
	need(c.TokenLife > 0 && c.TokenLife <= 24*time.Hour, "JOL_TOKEN_LIFE must be at most 24h")
	need(c.RegistrationsPerDay >= 1 && c.RegistrationsPerDay <= 5000, "JOL_REGISTRATIONS_PER_DAY must lie between 1 and 5000")
	need(c.rules().Check() == nil, "JOL_ENTRY_RULE must be TDI-6M or TDI-DIS, JOL_SUPPLY_RULE each_window or monthly_average")
	_, _, badAddr := net.SplitHostPort(c.SMTPAddr)
	need((c.SMTPAddr == "") == (c.SMTPFrom == ""), "JOL_SMTP_ADDR and JOL_SMTP_FROM go together")
	need(c.SMTPAddr == "" || badAddr == nil, "JOL_SMTP_ADDR must be host:port")
	need(c.SMTPFrom == "" || mailAddress(c.SMTPFrom), "JOL_SMTP_FROM must be an address")
	need((c.SMTPUser == "") == (c.SMTPPassword == ""), "JOL_SMTP_USER and JOL_SMTP_PASSWORD go together")
	need((c.TLSCert == "") == (c.TLSKey == ""), "JOL_TLS_CERT and JOL_TLS_KEY go together")
	need(loopback(c.Addr) || c.TLSCert != "" || len(c.Behind) > 0, "JOL_ADDR is reachable from outside: set JOL_TLS_CERT and JOL_TLS_KEY, or JOL_TRUSTED_PROXIES when a proxy ends TLS")
	return out
}

// mailAddress accepts a bare address and nothing that could begin another header line.
func mailAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "\r\n<> ")
}

// writable reports whether a line can be appended to the file; it leaves no trace.
func writable(path string) bool {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	if missing != nil {
		_ = os.Remove(path)
	}
	return true
}

func databaseProblems(raw string) []string {
	if path := sqlitePath(raw); path != "" {
		return nil
	}
	u, err := url.Parse(raw)
	if raw == "" || err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return []string{"JOL_DATABASE_URL must be postgres://… or sqlite:/path"}
	}
	host := u.Hostname()
	if host == "" {
		host = u.Query().Get("host")
	}
	local := host == "" || strings.HasPrefix(host, "/") || host == "localhost" || loopback(net.JoinHostPort(host, "0"))
	mode := u.Query().Get("sslmode")
	if !local && mode != "verify-full" && mode != "verify-ca" {
		return []string{"JOL_DATABASE_URL leads to another machine: sslmode must be verify-full or verify-ca"}
	}
	return nil
}

func sqlitePath(raw string) string {
	path, ok := strings.CutPrefix(raw, "sqlite:")
	if !ok {
		return ""
	}
	return path
}

func sameFolder(a, b string) bool {
	if b == "" {
		return false
	}
	x, err1 := filepath.Abs(filepath.Dir(a))
	y, err2 := filepath.Abs(filepath.Dir(b))
	return err1 == nil && err2 == nil && x == y
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// keyNames are the lines of a key file, NAME=base64 of 32 bytes.
var keyNames = []string{"JOL_KEY_COUNTRY", "JOL_KEY_SECTOR", "JOL_KEY_RECORD", "JOL_KEY_CURSOR"}

// demoMarker starts every key of the demo, so that production can tell and refuse it.
const demoMarker = "demo only, public"

// readKeys reads a key file that nobody else can read.
func readKeys(path string) (store.Keys, error) {
	if path == "" {
		return store.Keys{}, errors.New("not set; make a file with `jol keys new FILE`")
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Keys{}, errors.New("there is no such file; make one with `jol keys new FILE`")
	}
	if err != nil {
		return store.Keys{}, errors.New("the file cannot be looked at")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return store.Keys{}, errors.New("others can read or write the file: chmod 600")
	}
	f, err := os.Open(path)
	if err != nil {
		return store.Keys{}, errors.New("the file cannot be read")
	}
	defer f.Close()
	keys := map[string][]byte{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if keys[name], err = base64.StdEncoding.DecodeString(value); err != nil {
			return store.Keys{}, fmt.Errorf("%s is not base64", name)
		}
	}
	for i, name := range keyNames {
		if len(keys[name]) != 32 {
			return store.Keys{}, fmt.Errorf("%s must be 32 bytes in base64", name)
		}
		if strings.HasPrefix(string(keys[name]), demoMarker) {
			return store.Keys{}, fmt.Errorf("%s is the public key of the demo", name)
		}
		for _, other := range keyNames[:i] {
			if string(keys[other]) == string(keys[name]) {
				return store.Keys{}, fmt.Errorf("%s is the same as %s", name, other)
			}
		}
	}
	return store.Keys{Country: keys[keyNames[0]], Sector: keys[keyNames[1]], Record: keys[keyNames[2]], Cursor: keys[keyNames[3]]}, nil
}

// writeKeys makes a key file with fresh keys; it never overwrites one.
func writeKeys(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintln(f, "# Keys of a Jol deployment. Keep a copy apart from the database and its backups:\n# whoever has both can find people by their initials; without this file codes cannot be made again.")
	for _, name := range keyNames {
		key := make([]byte, 32)
		rand.Read(key)
		fmt.Fprintf(f, "%s=%s\n", name, base64.StdEncoding.EncodeToString(key))
	}
	return f.Sync()
}

// demoKeys are public by design: same seed, same codes.
func demoKeys() store.Keys {
	key := func(name string) []byte {
		k := make([]byte, 32)
		copy(k, demoMarker+": "+name)
		return k
	}
	return store.Keys{Country: key("country"), Sector: key("sector"), Record: key("record"), Cursor: key("cursor")}
}

// print lists every setting with its meaning; secrets only as set or not set.
func (c config) print(w io.Writer) {
	t, v := reflect.TypeOf(c), reflect.ValueOf(c)
	for i := range t.NumField() {
		value := fmt.Sprint(v.Field(i).Interface())
		if t.Field(i).Tag.Get("secret") != "" && value != "" {
			value = "(set, hidden)"
		}
		fmt.Fprintf(w, "%-26s %-28s %s\n", t.Field(i).Tag.Get("env"), value, t.Field(i).Tag.Get("doc"))
	}
}
