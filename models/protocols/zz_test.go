package protocols

import (
	"fmt"
	"os"
	"testing"
)

func TestZZ(t *testing.T) {
	x := shippedIndex(t)
	s := x.shelves[os.Getenv("L")]
	for _, c := range s.clauses(os.Getenv("Q"), x.synonyms.ignore) {
		fmt.Println("clause", c)
	}
	for _, h := range x.Search(Query{Text: os.Getenv("Q"), Lang: os.Getenv("L"), Limit: 8}).Items {
		fmt.Println(h.Score, h.Step, h.Highlights)
	}
}
