"""`/v1/obligations`: what a named person says of an obligation of their agency: that they act, what was done, or that they take it back."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.intake.answer_bodies import Acknowledgement, ActedOn, AnswerTakenBack
from alertbus.model.base import Word
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1/obligations/{obligation_id}", tags=["inbox"])


def _body(word: type[Word]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{word.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/acknowledgements",
    status_code=201,
    summary="Answer an obligation",
    responses=answers(404, 413),
    openapi_extra=_body(Acknowledgement),
)
async def acknowledge(obligation_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """A named person says what they will do. `acting` answers it, and nobody else is asked. `passing_on` needs `to`, the name of whom it
    goes to: it is answered once somebody acts, and until then the next person is asked in their turn. `not_ours` needs a reason in `note`:
    a human looks at it, and meanwhile the agency is asked on. Each person's last word counts. The same answer again is the same receipt.
    """
    caller.must(Right.RECEIVE)
    answer = read(Acknowledgement, await request.body())
    receipt = await gateway.intake.answers.acknowledge(obligation_id, answer, caller)
    return JSONResponse(receipt.model_dump(mode="json"), 201)


@router.post("/acted", status_code=201, summary="Say what was done", responses=answers(404, 413), openapi_extra=_body(ActedOn))
async def acted(obligation_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """A named person says `what` was done. That answers it, too: no acknowledgement need come first."""
    caller.must(Right.RECEIVE)
    done = read(ActedOn, await request.body())
    receipt = await gateway.intake.answers.acted(obligation_id, done, caller)
    return JSONResponse(receipt.model_dump(mode="json"), 201)


@router.post(
    "/acknowledgements/{receipt_id}/undo",
    status_code=201,
    summary="Take an answer back",
    responses=answers(404, 409, 413),
    openapi_extra=_body(AnswerTakenBack),
)
async def undo(obligation_id: str, receipt_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Within the policy's `escalation.undo_minutes` whoever answered, or a colleague of the same agency, takes an answer back, or what was
    said to be done; `receipt_id` is the receipt's. It is asked for again as if it had not been given. Both stay on record.
    """
    caller.must(Right.RECEIVE)
    undoing = read(AnswerTakenBack, await request.body())
    receipt = await gateway.intake.answers.undo(obligation_id, receipt_id, undoing, caller)
    return JSONResponse(receipt.model_dump(mode="json"), 201)
