import torch

from benchmark.views import randaugment_operations

FILL = [124 / 255, 116 / 255, 104 / 255]


def keys(distance: float) -> float:
    """The cubic convolution kernel of Keys 1981 with a = -0.75."""
    a, x = -0.75, abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def test_a_bicubic_warp_agrees_with_a_loop_over_the_cubic_kernel() -> None:
    size = 7
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    matrix = torch.tensor([[[0.9, -0.3, 0.2], [0.25, 1.1, -0.1]]])
    fill = torch.tensor(FILL).view(3, 1, 1)
    expected = torch.zeros(3, size, size)
    for row in range(size):
        for column in range(size):
            place = torch.tensor([(2 * column + 1) / size - 1, (2 * row + 1) / size - 1, 1.0])
            x, y = (((matrix[0] @ place + 1) * size - 1) / 2).tolist()
            for i in range(size):
                for j in range(size):
                    expected[:, row, column] += (image[0, :, i, j] - fill[:, 0, 0]) * keys(y - i) * keys(x - j)
    ours = randaugment_operations.warp(image, matrix, mode="bicubic")[0]
    torch.testing.assert_close(ours, (expected + fill).clamp(0, 1), rtol=0, atol=1e-5)
