package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"gorm.io/gorm"

	"jol/models"
)

// Accounts signs users in. It reaches users and tokens and nothing else.
type Accounts struct {
	store *Store
	fails *throttle
	// signedIn remembers which user signed in from which address: as many pairs as there
	// are workplaces.
	signedIn sync.Map
	slots    chan struct{} // bounds concurrent hashing: each takes 19 MiB
}

// Token is a fresh bearer token; only its hash is stored.
type Token struct {
	Token     string
	ExpiresAt time.Time
}

type tokenRow struct {
	Hash      string `gorm:"primaryKey"`
	UserID    models.UserID
	ExpiresAt time.Time
	RevokedAt *time.Time
	CreatedAt time.Time
	DeviceID  string // the device it was used with, and ends with; empty: none yet
}

func (tokenRow) TableName() string { return "tokens" }

// Password hashing: argon2id, 19 MiB, two passes (OWASP's first choice).
var (
	hashParams = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	fastParams = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
)

var errSignIn = models.Fail(models.KindUnauthenticated, "token.credentials", "Username or password is wrong.")

// NewAccounts returns the sign-in side of a store.
func NewAccounts(s *Store) *Accounts {
	return &Accounts{store: s, fails: newThrottle(s.opt.Clock), slots: make(chan struct{}, 2)}
}

func (s *Store) hashPassword(password string) (string, error) {
	p := hashParams
	if s.opt.FastHash {
		p = fastParams
	}
	return argon2id.CreateHash(password, p)
}

// SignIn checks a password and issues a token. After ten failures for a username from
// one address, or a hundred for either alone, within 15 minutes it answers 429 without
// looking: guessing is slow, and one attacker cannot lock everybody out. An unknown user
// costs the same time as a wrong password.
func (a *Accounts) SignIn(ctx context.Context, username, password, address string) (Token, error) {
	keys := []string{"both:" + address + " " + username, "user:" + username, "addr:" + address}
	if a.throttled(keys) {
		return Token{}, errThrottled
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
	if a.throttled(keys) { // by those who waited for the slot before: a burst is no way round
		return Token{}, errThrottled
	}
	var user models.User
	err := found(a.store.read.WithContext(ctx).Where("username = ? AND active = ? AND organisation_id IN (SELECT id FROM organisations WHERE active = ?)", username, true, true).Take(&user).Error, "user")
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return Token{}, err
	}
	hash := user.PasswordHash
	if hash == "" {
		hash = absentUserHash()
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return Token{}, err
	}
	if !ok || user.ID == "" {
		a.fails.failed(keys...)
		return Token{}, a.refused(ctx, user)
	}
	a.signedIn.Store(keys[0], true)
	return a.store.issueToken(ctx, user.ID, &user)
}

var errThrottled = models.Fail(models.KindTooMany, "token.throttled", "Too many failed sign-ins; wait 15 minutes.")

// throttled takes the names of the pair, the user and the address. A pair that signed in
// before answers for its own failures only: strangers cannot lock it out.
func (a *Accounts) throttled(keys []string) bool {
	if !a.fails.allowed(keys[0], 10) {
		return true
	}
	if _, known := a.signedIn.Load(keys[0]); known {
		return false
	}
	return !a.fails.allowed(keys[1], 100) || !a.fails.allowed(keys[2], 100)
}

// refused leaves a failed sign-in in the audit trail; a name that no account has is not
// written down, because people type passwords into the wrong field.
func (a *Accounts) refused(ctx context.Context, user models.User) error {
	actor := models.Actor{UserID: user.ID, Role: user.Role, OrganisationID: user.OrganisationID}
	if err := a.store.RecordDenial(ctx, actor, "", "token.create", "forbidden"); err != nil {
		return err
	}
	return errSignIn
}

// absentUserHash is compared against when there is no such user, for equal time.
var absentUserHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash("no user has this password", hashParams)
	if err != nil {
		return ""
	}
	return hash
})

// IssueToken makes a token for a user without a password check: for SignIn and the demo.
func (s *Store) IssueToken(ctx context.Context, user models.UserID) (Token, error) {
	return s.issueToken(ctx, user, nil)
}

// issueToken refuses when the account has changed since its password was checked, or its
// organisation was closed: neither may leave a token behind, that of a closed organisation
// would come to life when it is opened again.
func (s *Store) issueToken(ctx context.Context, user models.UserID, checked *models.User) (Token, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	t := Token{Token: "jol_" + base64.RawURLEncoding.EncodeToString(secret), ExpiresAt: s.now().Add(s.opt.TokenLife)}
	row := tokenRow{Hash: tokenHash(t.Token), UserID: user, ExpiresAt: t.ExpiresAt, CreatedAt: s.now()}
	err := s.inTx(ctx, func(db *gorm.DB) error {
		if checked != nil {
			var same int64
			if err := db.Model(&models.User{}).Where("id = ? AND version = ? AND active = ?", user, checked.Version, true).
				Where("organisation_id IN (SELECT id FROM organisations WHERE active = ?)", true).Count(&same).Error; err != nil {
				return err
			}
			if same == 0 {
				return errSignIn
			}
		}
		if err := db.Create(&row).Error; err != nil {
			return err
		}
		return db.Create(&[]auditRow{{At: s.now(), ActorID: user, Action: "token.create", Outcome: "ok", Objects: []string{}}}).Error
	})
	return t, err
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Authenticate returns the actor a token stands for. It asks the database each time:
// a revoked token, a blocked account or a device that is no longer live ends at the next
// call, on every process. device is the token of the caller's device, empty without one; where
// it alone is at fault, the actor is returned beside the error.
func (a *Accounts) Authenticate(ctx context.Context, token, device string) (models.Actor, error) {
	var row struct {
		Device   string
		UserID   models.UserID
		Username string
		Role     models.Role
		OrgID    models.OrganisationID
		Name     string
		Kind     models.OrganisationKind
		Serves   models.OrganisationID
		Region   string
		Country  string
	}
	err := a.store.read.WithContext(ctx).Model(&tokenRow{}).
		Select("tokens.device_id AS device, users.id AS user_id, users.username, users.role, o.id AS org_id, o.name, o.kind, o.serves, o.region, o.country").
		Joins("JOIN users ON users.id = tokens.user_id").
		Joins("JOIN organisations o ON o.id = users.organisation_id").
		Where("tokens.hash = ? AND tokens.revoked_at IS NULL AND tokens.expires_at > ? AND users.active = ? AND o.active = ?",
			tokenHash(token), a.store.now(), true, true).
		Where("(tokens.device_id = '' OR tokens.device_id IN (SELECT id FROM devices WHERE state = ? AND expires_at > ?))", models.DeviceEnrolled, a.store.now()).
		Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.Actor{}, models.Fail(models.KindUnauthenticated, "token.invalid", "The bearer token is missing, unknown, expired or revoked.")
	}
	if err != nil {
		return models.Actor{}, err
	}
	actor := models.Actor{
		UserID: row.UserID, Username: row.Username, Role: row.Role, OrganisationID: row.OrgID, OrganisationName: row.Name,
		OrganisationKind: row.Kind, Serves: row.Serves, Region: row.Region, Country: row.Country,
		Zone: models.Zone(row.Country, row.Region),
	}
	if device == "" && row.Device == "" {
		return actor, nil
	}
	actor.DeviceID, err = a.store.onDevice(ctx, actor, token, row.Device, device)
	return actor, err
}

// RevokeToken ends the session's own token at once.
func (s *Session) RevokeToken(ctx context.Context, token string) error {
	return s.write(ctx, "token.revoke", func(tx *tx) error {
		err := tx.Model(&tokenRow{}).Where("hash = ? AND user_id = ?", tokenHash(token), s.actor.UserID).Update("revoked_at", tx.now).Error
		tx.audit(string(s.actor.UserID))
		return err
	})
}

// throttle counts failures per key within a window. It lives in memory: a restart
// forgives, which costs an attacker more than it gives.
type throttle struct {
	clock models.Clock
	mu    sync.Mutex
	seen  map[string][]time.Time
}

const throttleWindow = 15 * time.Minute

func newThrottle(clock models.Clock) *throttle {
	return &throttle{clock: clock, seen: map[string][]time.Time{}}
}

func (t *throttle) allowed(key string, limit int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.recent(key)) < limit
}

func (t *throttle) failed(keys ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.seen) > 10_000 { // an attacker may not fill the memory with names
		for key := range t.seen {
			t.recent(key)
		}
	}
	for _, key := range keys {
		t.seen[key] = append(t.recent(key), t.clock())
	}
}

func (t *throttle) recent(key string) []time.Time {
	from := t.clock().Add(-throttleWindow)
	kept := t.seen[key][:0]
	for _, at := range t.seen[key] {
		if at.After(from) {
			kept = append(kept, at)
		}
	}
	if len(kept) == 0 {
		delete(t.seen, key)
		return nil
	}
	t.seen[key] = kept
	return kept
}
