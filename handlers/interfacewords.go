package handlers

import (
	"net/http"

	"jol/models/protocols"
)

// InterfaceWordsView names the codes of the service in one language, by list and code.
type InterfaceWordsView struct {
	Lang      string                       `json:"lang" cat:"protocol"`
	Status    string                       `json:"status" cat:"protocol"` // draft until somebody who speaks the language has reviewed it
	Languages []string                     `json:"languages" cat:"protocol"`
	Words     map[string]map[string]string `json:"words" cat:"protocol"`
}

// GetInterfaceWords returns the words a user interface needs for codes.
//
//	@Summary		Words for codes, in seven languages
//	@Description	Names of roles, settings, substances, states, units and basis tags, for interfaces in languages that have no protocol texts yet too.
//	@Tags			protocols
//	@Produce		json
//	@Param			lang			query		string	false	"language; the default follows Accept-Language"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	InterfaceWordsView
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/interface-words [get]
func GetInterfaceWords(c *PublicCall) error {
	lang, languages := c.Query.Get("lang"), c.Protocols.InterfaceLanguages()
	if lang == "" {
		lang = protocols.Negotiate(c.Header.Get("Accept-Language"), languages)
	}
	w, ok := c.Protocols.InterfaceWords(lang)
	if !ok {
		return invalid("/lang", "lang.unknown")
	}
	c.Reply.Set("Vary", "Accept-Language")
	c.Reply.Set("Content-Language", lang)
	c.Reply["Cache-Control"] = cachePublic
	return c.JSON(http.StatusOK, InterfaceWordsView{Lang: w.Lang, Status: w.Status, Languages: languages, Words: w.Words})
}
