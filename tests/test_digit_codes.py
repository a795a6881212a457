"""digit_codes: the network behind the playground of lesson 04."""

import torch
from sklearn.neighbors import KNeighborsClassifier

from course_utils.digit_codes import digit_codes


def test_the_codes_keep_the_digits_apart_and_decode_to_them():
    model, images, codes, labels = digit_codes()
    assert (images.shape, codes.shape, labels.shape) == ((1797, 64), (1797, 2), (1797,))
    assert KNeighborsClassifier(15).fit(codes, labels).score(codes, labels) > 0.75
    with torch.no_grad():
        error = (model.decoder(codes).sigmoid() - images).square().mean()
    assert error < 0.7 * (images - images.mean(0)).square().mean()


def test_training_leaves_the_random_numbers_alone():
    digit_codes.cache_clear()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = digit_codes()[2]
    torch.testing.assert_close(torch.rand(3), expected)
    digit_codes.cache_clear()
    assert torch.equal(first, digit_codes()[2])
