package models

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Notice tells an organisation that something urgent waits. It says what to whoever may
// read it here, and nothing to anybody else: what is sent holds its id and no more.
type Notice struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	Kind           string // code list notice_kind
	SubjectID      string
	ConsentID      string // whose withdrawal cancels it
	State          string
	Level          int       // of the duty contacts told last; 0 while it is not due
	EscalateAt     time.Time // when it is sent again, or first
	AcknowledgedAt *time.Time
	AcknowledgedBy UserID
	Version        int64
	CreatedAt      time.Time
}

// Notice states.
const (
	NoticeOpen         = "open"
	NoticeAcknowledged = "acknowledged"
	NoticeCancelled    = "cancelled"
)

// Addressee is the organisation that is told.
const Addressee Party = "addressee"

// NoticeMachine is the life of a notice. One that was acknowledged opens again when the same
// thing happens again.
var NoticeMachine = &Machine{
	Noun: "notice", States: []string{NoticeOpen, NoticeAcknowledged, NoticeCancelled}, Start: []string{NoticeOpen},
	Moves: []Move{
		{"acknowledgement", []Party{Addressee}, []string{NoticeOpen}, NoticeAcknowledged},
		{"end of its reason", nil, []string{NoticeOpen}, NoticeCancelled},
		{"repetition", nil, []string{NoticeAcknowledged, NoticeCancelled}, NoticeOpen},
	},
}

// Escalation, editorial defaults: the next level after half an hour, an organisation that
// nobody can be told of looked at again after an hour, the last level daily.
const (
	NextLevel    = 30 * time.Minute
	NoContactYet = time.Hour
	LastLevel    = 24 * time.Hour
)

// Acknowledge ends the escalation. Doing it twice changes nothing.
func (n *Notice) Acknowledge(by UserID, at time.Time) (changed bool, err error) {
	if n.State == NoticeAcknowledged {
		return false, nil
	}
	to, err := NoticeMachine.Next(n.State, "acknowledgement", Addressee)
	if err != nil {
		return false, err
	}
	n.State, n.AcknowledgedAt, n.AcknowledgedBy = to, &at, by
	n.Version++
	return true, nil
}

// DutyContact is where an organisation is told: a shared mailbox or a program's address,
// never a person's. Level 1 is told first.
type DutyContact struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	Channel        string // webhook, email
	Target         string
	Level          int
	Active         bool
	Version        int64
	CreatedAt      time.Time
}

// Channels of a duty contact.
const (
	ChannelWebhook = "webhook"
	ChannelEmail   = "email"
)

// ContactRule says what a webhook may point to.
type ContactRule struct {
	// Plain allows http and addresses of the own machine: the demo only.
	Plain bool
	// Networks are private networks that the operator opened for webhooks.
	Networks []netip.Prefix
}

// DutyContactChange lists what may change; nil means unchanged.
type DutyContactChange struct {
	Target *string
	Level  *int
	Active *bool
}

// CheckDutyContact validates a contact.
func CheckDutyContact(channel, target string, level int, rule ContactRule) error {
	var c Checks
	c.Require(level >= 1 && level <= 3, "/level", "duty_contact.level_out_of_range")
	switch channel {
	case ChannelWebhook:
		c.Require(webhookTarget(target, rule), "/target", "duty_contact.webhook_address")
	case ChannelEmail:
		c.Require(roleMailbox(target), "/target", "duty_contact.not_a_role_mailbox")
	default:
		c.Add("/channel", "duty_contact.channel_unknown")
	}
	return c.Err()
}

// webhookTarget accepts an https address without user, query or fragment, whose host is a
// name or a public address. What the name leads to is looked at again when it is called.
func webhookTarget(target string, rule ContactRule) bool {
	u, err := url.Parse(target)
	if err != nil || len(target) > 300 || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	if strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !rule.Plain) {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return rule.Reaches(ip)
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return rule.Plain || strings.Contains(host, ".") && !strings.HasSuffix(host, ".localhost") && net.ParseIP(host) == nil
}

// special are networks that are nobody's public address, beside those netip names.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// Reaches reports whether a webhook may be sent to the address: a public one, or one in a
// network that the operator opened. Otherwise whoever manages contacts could make the
// service call what stands beside it.
func (r ContactRule) Reaches(ip netip.Addr) bool {
	ip = ip.Unmap()
	if slices.ContainsFunc(r.Networks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return true
	}
	if r.Plain && ip.IsLoopback() {
		return true
	}
	public := ip.IsValid() && ip.Zone() == "" && ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	return public && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// mailboxWords are what a shared mailbox may be called, in English and in Russian, Kazakh,
// Kyrgyz, Uzbek, Tajik and Turkmen as written in Latin letters. A closed list: no list of
// names is complete, and a mailbox that is a person's would tell more than its address.
var mailboxWords = []string{
	"admin", "alert", "alerts", "amb", "ambulance", "ambulatory", "care", "case", "centre", "center", "clinic", "colony", "contact",
	"coordination", "coordinator", "desk", "doctor", "dezhurny", "dezhurnyi", "dezhurstvo", "department", "dispensary", "duty", "dutydesk",
	"emergency", "feldsher", "health", "help", "helpdesk", "hospital", "hotline", "info", "inbox", "intake", "jol", "kezekshi", "klinika",
	"mail", "main", "medical", "medsanchast", "medpunkt", "navbatchi", "navbatdor", "notice", "notices", "nobatchy", "nozomot", "nurse",
	"nochmed", "office", "on", "call", "oncall", "outreach", "pharmacy", "post", "priem", "prison", "program", "programme", "project",
	"reception", "referral", "referrals", "registratura", "registry", "release", "sanchast", "service", "shift", "smena", "social",
	"staff", "support", "team", "unit", "ward", "zhedel", "kabyldau",
}

// roleMailbox accepts an address whose every word before the @ is a word of the list or a
// number of at most three digits.
func roleMailbox(target string) bool {
	local, domain, ok := strings.Cut(strings.ToLower(target), "@")
	if !ok || len(target) > 200 || !strings.Contains(domain, ".") || !plainDomain(domain) {
		return false
	}
	named := false
	for _, word := range strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		letters := strings.TrimRight(word, "0123456789")
		if len(word)-len(letters) > 3 || letters != "" && !slices.Contains(mailboxWords, letters) {
			return false
		}
		named = named || letters != ""
	}
	return named && !strings.ContainsAny(local, "+\"'\\ ")
}

func plainDomain(domain string) bool {
	for _, label := range strings.Split(domain, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
