package models

import (
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// User is an account: one person acting for one organisation in one role. The
// username is a work name and must not be a client's anything.
type User struct {
	ID             UserID `gorm:"primaryKey"`
	Username       string
	PasswordHash   string // argon2id, PHC format
	Role           Role
	OrganisationID OrganisationID
	Active         bool
	Version        int64
	CreatedAt      time.Time
}

// NewUser is what an administrator says of a new account.
type NewUser struct {
	Username       string
	Password       string
	Role           Role
	OrganisationID OrganisationID
}

// MinPassword is the shortest password in characters (NIST SP 800-63B: length, no
// composition rules).
const MinPassword = 12

// longNumber keeps numbers of people out of usernames.
var longNumber = regexp.MustCompile(`[0-9]{6,}`)

var usernameShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{2,39}$`)

// Check validates a new account for an organisation of the given kind.
func (n NewUser) Check(kind OrganisationKind) error {
	var c Checks
	c.Require(usernameShape.MatchString(n.Username) && !longNumber.MatchString(n.Username), "/username", "user.username_shape")
	c.Require(utf8.RuneCountInString(n.Password) >= MinPassword && len(n.Password) <= 200, "/password", "user.password_length")
	c.Require(slices.Contains(kind.Roles(), n.Role), "/role", "user.role_not_of_organisation")
	return c.Err()
}

// UserChange lists what may change; nil means unchanged.
type UserChange struct {
	Role     *Role
	Active   *bool
	Password *string
}

// Check validates the change for an organisation of the given kind.
func (ch UserChange) Check(kind OrganisationKind) error {
	var c Checks
	if ch.Role != nil {
		c.Require(slices.Contains(kind.Roles(), *ch.Role), "/role", "user.role_not_of_organisation")
	}
	return c.Err()
}

// CheckInput validates what does not depend on the organisation, before any record is
// looked up.
func (ch UserChange) CheckInput() error {
	var c Checks
	if ch.Role != nil {
		c.Require(slices.Contains(Roles, *ch.Role), "/role", "user.role_not_of_organisation")
	}
	if ch.Password != nil {
		c.Require(utf8.RuneCountInString(*ch.Password) >= MinPassword && len(*ch.Password) <= 200, "/password", "user.password_length")
	}
	return c.Err()
}
