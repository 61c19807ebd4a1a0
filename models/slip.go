package models

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
)

// slipAlphabet is Crockford's base 32: no letter that is taken for a digit.
var slipAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// DailySlip is the number under which an institution's security knows somebody for one
// civil day. The next day it is another one, and nobody without the key can tell which
// two belong together: slips do not add up to a list of who is on what treatment.
func DailySlip(key []byte, day Date, id string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("slip\x00" + string(day) + "\x00" + id))
	return slipAlphabet.EncodeToString(m.Sum(nil)[:5])
}
