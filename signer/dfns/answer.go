package dfns

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxAnswer is how long an answer to a challenge's call may be, in bytes.
const maxAnswer = 1 << 20

var (
	errAnswerSize = errors.New("its answer is longer than 1 MiB")
	errAnswer     = errors.New("its answer is not the JSON that was expected")
)

// readAnswer reads and closes the body.
func readAnswer(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = errAnswerSize
	}
	return data, err
}

// A challenge is the answer to POST /auth/action/init, as far as it matters.
type challenge struct {
	Text             string `json:"challenge"`
	ID               string `json:"challengeIdentifier"`
	AllowCredentials struct {
		Key []struct {
			ID string `json:"id"`
		} `json:"key"`
	} `json:"allowCredentials"`
}

// parseChallenge holds what will be signed and sent back to printable ASCII.
func parseChallenge(data []byte) (*challenge, error) {
	c := new(challenge)
	if json.Unmarshal(data, c) != nil || !isPrintable(c.Text) || !isPrintable(c.ID) {
		return nil, errAnswer
	}
	return c, nil
}

// allows reports whether a credential may answer. Without a list any may.
func (c *challenge) allows(id string) bool {
	allowed := c.AllowCredentials.Key
	for i := range allowed {
		if allowed[i].ID == id {
			return true
		}
	}
	return len(allowed) == 0
}

// parseToken reads the answer to POST /auth/action, whose token must fit into a
// header.
func parseToken(data []byte) (string, error) {
	var answer struct {
		UserAction string `json:"userAction"`
	}
	if json.Unmarshal(data, &answer) != nil || !isPrintable(answer.UserAction) || strings.Contains(answer.UserAction, " ") {
		return "", errAnswer
	}
	return answer.UserAction, nil
}

// parseError reads what an error says, in one of the two forms that Dfns has.
func parseError(data []byte) (message, id string) {
	var answer struct {
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return "", ""
	}
	message, _ = answer.Message.(string)
	if inner, ok := answer.Error.(map[string]any); ok {
		if m, ok := inner["message"].(string); ok {
			message = m
		}
		id, _ = inner["id"].(string)
	}
	return message, id
}
